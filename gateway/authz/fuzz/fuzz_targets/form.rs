//! A form is read as its definition says (percent-decoding by hand, to compare), and each parameter stands in
//! it at most once, but for `resource`.
#![no_main]

use authz::broker::form::Form;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let pairs: Vec<(String, String)> = text
        .split('&')
        .filter(|pair| !pair.is_empty())
        .map(|pair| pair.split_once('=').unwrap_or((pair, "")))
        .map(|(name, value)| (decoded(name), decoded(value)))
        .collect();
    let (resources, others): (Vec<_>, Vec<_>) =
        pairs.iter().partition(|(name, _)| name == "resource");
    let is_repeated = |name: &str| others.iter().filter(|(known, _)| known == name).count() > 1;
    let Ok(form) = Form::parse(text) else {
        assert!(others.iter().any(|(name, _)| is_repeated(name)), "refused without a repetition");
        return;
    };
    for (name, value) in &others {
        assert!(!is_repeated(name), "{name} is repeated");
        assert_eq!(form.value(name), Some(value.as_str()).filter(|value| !value.is_empty()));
    }
    let stranger = format!("{}x", others.iter().map(|(name, _)| name.as_str()).collect::<String>());
    assert_eq!(form.value(&stranger), None);
    let named: Vec<&str> =
        resources.iter().map(|(_, value)| value.as_str()).filter(|v| !v.is_empty()).collect();
    assert_eq!(form.resources().collect::<Vec<_>>(), named);
    assert_eq!(form.value("resource"), None);
});

/// RFC 3986 §2.1 and the plus for a blank; what is no UTF-8 becomes U+FFFD.
fn decoded(text: &str) -> String {
    let (mut bytes, mut rest) = (Vec::new(), text.as_bytes());
    while let [first, tail @ ..] = rest {
        let byte = match (first, tail) {
            (b'%', [high, low, ..]) => {
                let digit =
                    |b: &u8| char::from(*b).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
                digit(high).zip(digit(low)).map(|(high, low)| high * 16 + low)
            }
            (b'+', _) => {
                bytes.push(b' ');
                rest = tail;
                continue;
            }
            _ => None,
        };
        bytes.push(byte.unwrap_or(*first));
        rest = if byte.is_some() { &tail[2..] } else { tail };
    }
    String::from_utf8_lossy(&bytes).into_owned()
}
