//! Programs that are known and never signed for, so that a refusal can say why.

use countersign_intent::Address;

use crate::DecodeError;

use super::super::call::Call;
use super::super::walk::Walk;
use super::{Family, facts, family};

pub(super) const FAMILIES: &[Family] = &[
    family(
        id("Vote111111111111111111111111111111111111111"),
        "Vote",
        validator,
        facts::NONE,
    ),
    family(
        id("Config1111111111111111111111111111111111111"),
        "Config",
        validator,
        facts::NONE,
    ),
    family(
        id("BPFLoader1111111111111111111111111111111111"),
        "BPF Loader v1",
        loader,
        facts::NONE,
    ),
    family(
        id("BPFLoader2111111111111111111111111111111111"),
        "BPF Loader v2",
        loader,
        facts::NONE,
    ),
    family(
        id("BPFLoaderUpgradeab1e11111111111111111111111"),
        "BPF Loader v3",
        loader,
        facts::NONE,
    ),
    family(
        id("LoaderV411111111111111111111111111111111111"),
        "BPF Loader v4",
        loader,
        facts::NONE,
    ),
    family(
        id("Ed25519SigVerify111111111111111111111111111"),
        "Ed25519 precompile",
        precompile,
        facts::NONE,
    ),
    family(
        id("KeccakSecp256k11111111111111111111111111111"),
        "Secp256k1 precompile",
        precompile,
        facts::NONE,
    ),
    family(
        id("Secp256r1SigVerify1111111111111111111111111"),
        "Secp256r1 precompile",
        precompile,
        facts::NONE,
    ),
    family(
        id("SQDS4ep65T869zMMBKyuUq6aD6EgTu8psMjkvj52pCf"),
        "Squads v4",
        multisig,
        facts::NONE,
    ),
    family(
        id("DF1ow4tspfHX9JwWJsAb9epbkA8hmpSEAtxXy1V27QBH"),
        "DFlow",
        opaque_router,
        facts::NONE,
    ),
    family(
        id("6m2CDdhRgxpH4WjvdzxAYbGxwdGUz5MziiL5jek2kBma"),
        "OKX DEX router",
        exposing_router,
        facts::NONE,
    ),
];

const fn id(text: &str) -> Address {
    Address::from_literal(text)
}

fn validator(_: &mut Walk<'_>, call: &mut Call<'_>) -> Result<(), DecodeError> {
    Err(call.forbid("validator administration is never signed with a user wallet"))
}

fn loader(_: &mut Walk<'_>, call: &mut Call<'_>) -> Result<(), DecodeError> {
    Err(call.forbid("programs are not deployed, changed or closed with a user wallet"))
}

fn precompile(_: &mut Walk<'_>, call: &mut Call<'_>) -> Result<(), DecodeError> {
    Err(call.forbid(
        "a signature check inside a transaction can authorise other programs to act for its \
         signer",
    ))
}

fn multisig(_: &mut Walk<'_>, call: &mut Call<'_>) -> Result<(), DecodeError> {
    Err(call.forbid("approves or executes content that this message does not contain"))
}

fn opaque_router(_: &mut Walk<'_>, call: &mut Call<'_>) -> Result<(), DecodeError> {
    Err(call.forbid(
        "the token accounts it spends from and pays to cannot be told from its layout; route the \
         trade through a program that names them",
    ))
}

fn exposing_router(_: &mut Walk<'_>, call: &mut Call<'_>) -> Result<(), DecodeError> {
    Err(call.forbid(
        "hands the wallet's signature on to exchanges and accounts that only its route names; \
         route the trade through an exchange itself",
    ))
}

#[cfg(test)]
mod tests {
    use super::super::super::draft::{WALLET, refusal, signs, step};
    use super::*;
    use crate::DecodeErrorKind;

    #[test]
    fn they_are_refused_with_and_without_the_wallet() {
        for family in FAMILIES {
            for accounts in [vec![], vec![signs(WALLET)]] {
                let call = step(family.id, accounts, vec![0]);
                assert_eq!(
                    refusal(&[call]),
                    DecodeErrorKind::Forbidden,
                    "{}",
                    family.name
                );
            }
        }
    }
}
