//! Vector and lexical stores for gori: the durable local store, in memory, Qdrant and Postgres.
