//! What is read as a `traceparent` is written as it was read, but for the flags nobody knows.
#![no_main]

use authz::trace::TraceParent;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let Some(read) = TraceParent::parse(bytes) else { return };
    let (text, flags) = (read.to_string(), usize::from(read.is_sampled()));
    assert_eq!(text.as_bytes()[..53], bytes[..53]);
    assert!(text.ends_with(&format!("-0{flags}")));
    assert!(bytes.is_ascii() && bytes.len() == 55 && bytes.starts_with(b"00-"));
    assert_eq!(TraceParent::parse(text.as_bytes()), Some(read));
    let next = TraceParent::after(Some(read), (0, 7));
    assert_eq!((next.trace(), next.is_sampled()), (read.trace(), read.is_sampled()));
});
