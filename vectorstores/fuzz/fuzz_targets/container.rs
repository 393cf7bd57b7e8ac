#![no_main]
libfuzzer_sys::fuzz_target!(|data: &[u8]| gori_vectorstores_fuzz::vectors(data, |name| !name.starts_with("log-")));
