use super::*;

/// A legacy message of one signer that calls nothing.
fn message() -> Vec<u8> {
    let mut bytes = vec![1, 0, 0, 1];
    bytes.extend([7; 32]);
    bytes.extend([9; 32]);
    bytes.push(0);
    bytes
}

fn transaction() -> Vec<u8> {
    let mut bytes = vec![1];
    bytes.extend([0; 64]);
    bytes.extend(message());
    bytes
}

#[test]
fn the_three_ways_of_writing_are_told_apart() {
    let message: Vec<u8> = (0..=255).collect();
    let base64 = STANDARD.encode(&message);
    let base58 = bs58::encode(&message).into_string();
    let unpadded = base64.trim_end_matches('=').to_owned();
    let (first, rest) = base64.split_at(60);
    let broken = format!("{first}\r\n{rest}\n");
    for text in [base64, base58, unpadded, broken] {
        let read = bytes(text.as_bytes(), Encoding::Auto);
        assert_eq!(read.as_deref(), Some(&message[..]), "{text}");
    }
    assert_eq!(bytes(&message, Encoding::Auto), Some(message));
}

#[test]
fn what_is_not_as_told_is_refused() {
    assert_eq!(bytes(b"a b*", Encoding::Base64), None);
    assert_eq!(bytes(b"0OIl", Encoding::Base58), None);
    assert_eq!(bytes(&[0xff, 0xfe], Encoding::Base64), None);
    let long = vec![b'1'; MAX_BASE58 + 1];
    assert_eq!(bytes(&long, Encoding::Base58), None);
}

#[test]
fn messages_and_transactions_are_told_apart() {
    assert_eq!(Wire::guess(message()), Wire::Message(message()));
    assert_eq!(Wire::guess(transaction()), Wire::Transaction(transaction()));
    // What is neither goes on as a message; whoever decodes it says what is wrong.
    assert_eq!(Wire::guess(vec![1, 2, 3]), Wire::Message(vec![1, 2, 3]));
    assert_eq!(Wire::guess(Vec::new()), Wire::Message(Vec::new()));
}

#[test]
fn hex_is_told_and_a_byte_order_mark_too() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("message");
    let hex: String = transaction()
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    std::fs::write(&file, format!("{hex}\n")).unwrap();
    let refused = Source::new(file.clone()).read().unwrap_err();
    assert!(refused.lines.concat().contains("holds hex"));
    std::fs::write(&file, format!("\u{feff}{}", STANDARD.encode(transaction()))).unwrap();
    let read = Source::new(file).read().unwrap();
    let told = read
        .decode(&Context::new(Address::new([7; 32])))
        .unwrap_err();
    assert!(told.message().contains("byte order mark"), "{told}");
}
