#![no_main]
libfuzzer_sys::fuzz_target!(|data: &[u8]| gori_splitters_fuzz::html(data));
