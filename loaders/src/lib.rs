//! Document loaders for gori: where bytes come from, and what they mean.
