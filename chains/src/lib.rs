//! Chains of gori: ingest, retrieve, fit a prompt to a token budget, answer.
