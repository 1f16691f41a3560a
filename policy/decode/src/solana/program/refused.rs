//! Programs that are known and never signed for, so that a refusal can say why.

use countersign_intent::solana::Address;

use crate::{DecodeError, DecodeErrorKind};

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
        id("SMRTzfY6DfH5ik3TKiyLFfXexV8uSG3d2UksSCYdunG"),
        "Squads smart account",
        smart_account,
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
    family(
        id("proVF4pMXVaYqmy4NjniPh4pqKNfMmsihgd4wdkCX3u"),
        "OKX DEX router v2",
        exposing_router,
        facts::NONE,
    ),
];

/// Programs of trading front-ends. None publishes its interface.
pub(super) const FRONT_ENDS: &[Family] = &[
    private("AxiomfHaWDemCFBLBayqnEnNwE6b7B2Qz3UmzMpgbMG6", "Axiom"),
    private("AxiomxSitiyXyPjKgJ9XSrdhsydtZsskZTEDam3PxKcC", "Axiom"),
    private("BANANAjs7FJiPQqJTGFzkZJndT9o7UmKiYYGaJz6frGu", "Banana Gun"),
    private("b1oomGGqPKGD6errbyfbVMBuzSC8WtAAYo8MwNafWW1", "Bloom"),
    private("GMgnVFR8Jb39LoXsEVzb3DvBy3ywCmdmJquHUy1Lrkqb", "GMGN"),
    private("MaestroAAe9ge5HTc64VbBQZ6fP77pwvrhM8i1XWSAx", "Maestro"),
    private("NoVA1TmDUqksaj2hB1nayFkPysjJbFiU76dT4qPw2wm", "Nova"),
    private("BSfD6SHZigAfDWSjzD5Q41jw8LmKwtmjskPH9XW1mrRW", "Photon"),
    private("T1TANpTeScyeqVzzgNViGDNrkQ6qHz9KrSBS4aNXvGT", "Titan"),
];

const fn private(program: &'static str, name: &'static str) -> Family {
    family(id(program), name, private_router, facts::NONE)
}

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

fn smart_account(_: &mut Walk<'_>, call: &mut Call<'_>) -> Result<(), DecodeError> {
    Err(call.forbid(
        "acts for a Squads smart account, whose members, limits and pending content are in accounts \
         that this message does not contain; trade from the wallet itself, or approve in Squads \
         with another key",
    ))
}

fn private_router(_: &mut Walk<'_>, call: &mut Call<'_>) -> Result<(), DecodeError> {
    Err(call.refuse(
        DecodeErrorKind::UnknownProgram,
        "wraps the trade in a front-end's own program, whose layout nobody publishes: what it \
         spends and where the proceeds go cannot be read; ask for the trade through Jupiter or an \
         exchange itself",
    ))
}

fn opaque_router(_: &mut Walk<'_>, call: &mut Call<'_>) -> Result<(), DecodeError> {
    Err(call.forbid(
        "a route of DFlow names the wallet and neither the token account that pays nor the one \
         that receives: which of its accounts each step takes from and pays to would have to be \
         known to say what leaves at most and that it comes back, and its published interface does \
         not say; ask for the trade through Jupiter or an exchange itself",
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
        let known = FAMILIES.iter().map(|one| (one, DecodeErrorKind::Forbidden));
        let opaque = FRONT_ENDS.iter();
        let opaque = opaque.map(|one| (one, DecodeErrorKind::UnknownProgram));
        for (family, expected) in known.chain(opaque) {
            for accounts in [vec![], vec![signs(WALLET)]] {
                let call = step(family.id, accounts, vec![0]);
                assert_eq!(refusal(&[call]), expected, "{}", family.name);
            }
        }
    }
}
