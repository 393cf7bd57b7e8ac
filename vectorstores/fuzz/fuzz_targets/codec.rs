#![no_main]
libfuzzer_sys::fuzz_target!(|data: &[u8]| gori_vectorstores::fuzzing::decode(data));
