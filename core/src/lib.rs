//! The nouns, the ports and the chain of gori: types and traits, no I/O, no runtime, no model.
