#![no_main]
libfuzzer_sys::fuzz_target!(|data: &[u8]| gori_loaders_fuzz::read("a.docx", data));
