//! gori
