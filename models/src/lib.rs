//! Encoders and language models for gori, in process and over HTTP; token counters; model files and their fetching.
