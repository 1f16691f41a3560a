//! Each refusal for its own reason.

use countersign_intent::Amount;
use countersign_intent::evm::{Address, Asset, Detail};

use super::{FRIEND, USDC, WALLET, WETH, address, call, decoded, done, number, typed};
use crate::DecodeErrorKind as Kind;

fn refused(changes: &[(&str, &str)], kind: Kind, said: &str) {
    let error = decoded(changes).expect_err(said);
    assert!(error.message().contains(said), "{said}: {error}");
    assert_eq!(error.kind(), kind, "{error}");
}

fn quoted(text: impl std::fmt::Display) -> String {
    format!("\"{text}\"")
}

#[test]
fn kinds_that_are_never_signed_are_refused_by_name() {
    refused(&[("type", "3")], Kind::Forbidden, "EIP-4844");
    refused(&[("type", "\"0x4\"")], Kind::Forbidden, "EIP-7702");
    refused(&[("type", "5")], Kind::Malformed, "got type 5");
    refused(
        &[("blob_versioned_hashes", "[]")],
        Kind::Forbidden,
        "EIP-4844",
    );
    refused(&[("authorization_list", "[]")], Kind::Forbidden, "EIP-7702");
    refused(&[("to", "null")], Kind::Forbidden, "creates a contract");
    refused(&[("to", "")], Kind::Forbidden, "creates a contract");
    let raw = |bytes: &str| {
        super::with(WALLET, |context| {
            crate::evm::decode_transaction(&quoted(bytes), context).unwrap_err()
        })
    };
    assert!(raw("0x03c0").message().contains("EIP-4844"));
    assert!(raw("0x04c0").message().contains("EIP-7702"));
    let old = raw(
        "0xe9098504a817c800825208943535353535353535353535353535353535353535880de0b6b3a764000080",
    );
    assert_eq!(old.kind(), Kind::Forbidden, "{old}");
    assert!(old.message().contains("EIP-155"), "{old}");
}

#[test]
fn chains_that_no_policy_lists_are_refused() {
    refused(
        &[("chain_id", "\"5\"")],
        Kind::Forbidden,
        "chain 5 may not be signed for",
    );
    refused(&[("chain_id", "\"0\"")], Kind::Forbidden, "chain 0");
    refused(
        &[("chain_id", "")],
        Kind::Malformed,
        "`transaction.chain_id`: is needed",
    );
}

#[test]
fn members_are_known_and_stand_once() {
    refused(
        &[("gasPrice", "1")],
        Kind::Malformed,
        "`transaction.gasPrice`: is not a member",
    );
    refused(
        &[("gas_price", "1")],
        Kind::Malformed,
        "`transaction.gas_price`: is not a member",
    );
    let twice = super::transaction(&[]).replace("\"nonce\"", "\"nonce\": 1, \"nonce\"");
    let error = super::with(WALLET, |context| {
        crate::evm::decode_transaction(&twice, context).unwrap_err()
    });
    assert!(
        error.message().contains("`nonce` stands there twice"),
        "{error}"
    );
    refused(
        &[("nonce", "\"18446744073709551615\"")],
        Kind::Malformed,
        "EIP-2681",
    );
    refused(
        &[("nonce", "\"18446744073709551616\"")],
        Kind::Malformed,
        "at most 64 bits",
    );
    refused(
        &[("value", &quoted(u128::MAX))],
        Kind::Malformed,
        "below 2^128 - 1",
    );
    refused(
        &[("max_priority_fee_per_gas", "\"20000000001\"")],
        Kind::Malformed,
        "is more than",
    );
    let most = quoted(u128::MAX - 1);
    refused(&[("max_fee_per_gas", &most)], Kind::Malformed, "`gas`");
    refused(
        &[
            ("type", "0"),
            ("gas_price", "1"),
            ("max_fee_per_gas", ""),
            ("max_priority_fee_per_gas", ""),
            ("access_list", "[{}]"),
        ],
        Kind::Malformed,
        "access_list",
    );
}

#[test]
fn nobodys_and_tokens_own_addresses_receive_nothing() {
    for to in [
        "0x0000000000000000000000000000000000000000",
        "0x0000000000000000000000000000000000000004",
        "0x000000000000000000000000000000000000dEaD",
    ] {
        refused(&[("to", &quoted(to))], Kind::Forbidden, "is lost");
    }
    let wrong = quoted("0xa0b86991c6218b36c1d19D4a2e9Eb0cE3606eB48");
    refused(&[("to", &wrong)], Kind::Malformed, "EIP-55");
    for token in [USDC, WETH] {
        refused(
            &[("to", &quoted(token)), ("value", "1")],
            Kind::Forbidden,
            "contract of a token",
        );
    }
    for to in [Address::ZERO, USDC.parse().unwrap(), WETH.parse().unwrap()] {
        for signature in ["transfer(address,uint256)", "approve(address,uint256)"] {
            let data = call(signature, &[address(&to), number(1)]);
            refused(
                &[("to", &quoted(USDC)), ("data", &data)],
                Kind::Forbidden,
                "is nobody's",
            );
        }
    }
}

#[test]
fn the_wallet_is_not_called() {
    let data = call("execute(bytes)", &[number(1)]);
    refused(
        &[("to", &quoted(WALLET)), ("data", &data)],
        Kind::Forbidden,
        "EIP-7702",
    );
}

#[test]
fn arguments_are_exact() {
    let to = quoted(USDC);
    let send = |data: &str, kind, said| refused(&[("to", &to), ("data", data)], kind, said);
    let transfer = call("transfer(address,uint256)", &[address(&FRIEND), number(1)]);
    let bare = transfer.strip_suffix('"').unwrap();
    let long = format!("{bare}00\"");
    send(&long, Kind::WrongData, "expected 64 bytes");
    let short = format!("{}\"", bare.strip_suffix("01").unwrap());
    send(&short, Kind::WrongData, "expected 64 bytes");
    send("\"0xa9059cbb\"", Kind::WrongData, "expected 64 bytes");
    send("\"0xa9059c\"", Kind::WrongData, "selector of 4 bytes");
    send("\"0xa\"", Kind::Malformed, "even number");
    let mut dirty = address(&FRIEND);
    dirty[11] = 1;
    let data = call("transfer(address,uint256)", &[dirty, number(1)]);
    send(&data, Kind::WrongData, "not zero");
    let mut huge = number(0);
    huge[0] = 1;
    let data = call("transfer(address,uint256)", &[address(&FRIEND), huge]);
    send(&data, Kind::Malformed, "below 2^128 - 1");
    let data = call("approve(address,uint256)", &[address(&FRIEND), huge]);
    send(&data, Kind::Malformed, "below 2^128 - 1");
    let foreign = [address(&FRIEND), address(&WALLET), number(1)];
    let data = call("transferFrom(address,address,uint256)", &foreign);
    send(&data, Kind::Forbidden, "not to the wallet");
    refused(
        &[("to", &to), ("data", &transfer), ("value", "1")],
        Kind::Forbidden,
        "takes no coins",
    );
}

#[test]
fn a_token_is_one_that_the_policy_names_at_that_chain() {
    let data = call("transfer(address,uint256)", &[address(&FRIEND), number(1)]);
    let read = |to: &str, chain: &str, data: &str| {
        let changes = [("to", to), ("chain_id", chain), ("data", data)];
        done(&decoded(&changes).unwrap())
    };
    let looks_alike = quoted(Address::new([0xa0; 20]));
    for (to, chain) in [
        (&looks_alike, "1"),
        (&quoted(USDC), "1337"),
        (&quoted(WETH), "1337"),
    ] {
        let effects = read(to, chain, &data);
        assert!(matches!(effects[..], [Detail::Call { .. }]), "{effects:?}");
    }
    let deposit = call("deposit()", &[]);
    let effects = read(&quoted(WETH), "1337", &deposit);
    assert!(matches!(effects[..], [Detail::Call { .. }]), "{effects:?}");
    let effects = read(&quoted(WETH), "1", &data);
    let native = Asset::Native { chain: 1 };
    assert!(
        matches!(effects[..], [Detail::Transfer { asset, wrapped: Some(_), .. }] if asset == native),
        "{effects:?}"
    );
}

#[test]
fn all_there_can_be_is_unbounded() {
    let data = call("approve(address,uint256)", &[address(&FRIEND), [0xff; 32]]);
    let effects = done(&decoded(&[("to", &quoted(USDC)), ("data", &data)]).unwrap());
    assert!(
        matches!(
            effects[..],
            [Detail::Allowance {
                amount: Amount::UNBOUNDED,
                ..
            }]
        ),
        "{effects:?}"
    );
    assert!(effects[0].must_be_named());
}

const PERMIT: &str = r#"{
    "types": {
        "EIP712Domain": [
            {"name": "name", "type": "string"}, {"name": "version", "type": "string"},
            {"name": "chainId", "type": "uint256"}, {"name": "verifyingContract", "type": "address"}
        ],
        "Permit": [
            {"name": "owner", "type": "address"}, {"name": "spender", "type": "address"},
            {"name": "value", "type": "uint256"}, {"name": "nonce", "type": "uint256"},
            {"name": "deadline", "type": "uint256"}
        ]
    },
    "primaryType": "Permit",
    "domain": {
        "name": "USD Coin", "version": "2", "chainId": 1,
        "verifyingContract": "0xA0b86991c6218b36c1d19D4a2e9Eb0cE3606eB48"
    },
    "message": {
        "owner": "0x0707070707070707070707070707070707070707",
        "spender": "0x0808080808080808080808080808080808080808",
        "value": "5", "nonce": 0, "deadline": "1800000000"
    }
}"#;

/// What is changed to what, and how that is refused.
const CHANGES: &[(&str, &str, Kind, &str)] = &[
    (
        "\"primaryType\": \"Permit\"",
        "\"primaryType\": \"Order\"",
        Kind::UnknownInstruction,
        "`Order` is never signed",
    ),
    (
        "\"uint256\"},\n            {\"name\": \"deadline\"",
        "\"uint160\"},\n            {\"name\": \"deadline\"",
        Kind::Malformed,
        "types.Permit",
    ),
    (
        "{\"name\": \"owner\", \"type\": \"address\"},",
        "",
        Kind::Malformed,
        "types.Permit",
    ),
    (
        "\"chainId\": 1,",
        "\"chainId\": 137,",
        Kind::Forbidden,
        "chain 137",
    ),
    ("\"chainId\": 1,", "", Kind::Malformed, "chainId"),
    ("\"version\": \"2\",", "", Kind::Malformed, "EIP712Domain"),
    (
        "\"chainId\": 1,",
        "\"chainId\": 1, \"salt\": \"0x00\",",
        Kind::Malformed,
        "salt",
    ),
    (
        "0xA0b86991c6218b36c1d19D4a2e9Eb0cE3606eB48",
        "0xa1b86991c6218b36c1d19d4a2e9eb0ce3606eb48",
        Kind::UnknownProgram,
        "no token at chain 1",
    ),
    (
        "\"owner\": \"0x07",
        "\"owner\": \"0x09",
        Kind::NotASigner,
        "is not the wallet",
    ),
    (
        "\"spender\": \"0x0808080808080808080808080808080808080808\"",
        "\"spender\": \"0x0000000000000000000000000000000000000000\"",
        Kind::Forbidden,
        "the zero address",
    ),
    (
        "\"1800000000\"",
        "\"4294967296\"",
        Kind::Forbidden,
        "has to end some time",
    ),
    (
        "\"value\": \"5\"",
        "\"value\": \"5\", \"value\": \"6\"",
        Kind::Malformed,
        "twice",
    ),
    (
        "\"value\": \"5\"",
        "\"value\": \"5\", \"more\": \"6\"",
        Kind::Malformed,
        "message.more",
    ),
    (
        "\"value\": \"5\"",
        "\"value\": -5",
        Kind::Malformed,
        "not negative",
    ),
    (
        "\"value\": \"5\"",
        "\"value\": [\"5\"]",
        Kind::Malformed,
        "message.value",
    ),
    (
        "\"domain\": {",
        "\"extra\": 1, \"domain\": {",
        Kind::Malformed,
        "typed_data.extra",
    ),
    (
        "\"Permit\": [",
        "\"Other\": [], \"Permit\": [",
        Kind::Malformed,
        "types.Other",
    ),
];

#[test]
fn typed_data_is_exactly_the_standards() {
    assert!(typed(PERMIT).is_ok());
    for (from, to, kind, said) in CHANGES {
        assert!(PERMIT.contains(from), "{from}");
        let error = typed(&PERMIT.replacen(from, to, 1)).expect_err(said);
        assert!(error.message().contains(said), "{said}: {error}");
        assert_eq!(error.kind(), *kind, "{error}");
    }
}
