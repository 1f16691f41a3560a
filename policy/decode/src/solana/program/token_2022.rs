//! Token-2022 program (`spl-token-2022-interface` 4.0): what it shares with SPL Token, the
//! transfer that states its fee, and every extension by name so that a refusal can say why.

use crate::{DecodeError, DecodeErrorKind};

use super::super::ata::TokenProgram;
use super::super::call::Call;
use super::super::walk::Walk;
use super::token;

const ADMINISTERS: &str = "tokens are not issued or administered with a user wallet";
const HIDES: &str = "confidential amounts cannot be bounded";
const BLOCKS: &str = "changes how the account may be used, which can block or open it";

pub(super) fn decode(walk: &mut Walk<'_>, call: &mut Call<'_>) -> Result<(), DecodeError> {
    match call.data() {
        [26, 1, ..] => transfer_checked_with_fee(walk, call),
        [25..=37 | 39..=44 | 46, ..] => Err(refused_extension(call)),
        _ => token::decode_shared(walk, call, TokenProgram::Token2022),
    }
}

/// Slots: source, mint, destination, authority. The fee is taken from what arrives, so what
/// leaves the wallet is the amount.
fn transfer_checked_with_fee(walk: &mut Walk<'_>, call: &mut Call<'_>) -> Result<(), DecodeError> {
    call.named("TransferCheckedWithFee");
    let (units, fee) = call.args(2, |args| {
        let units = args.u64("amount")?;
        args.u8("decimals")?;
        Ok((units, args.u64("fee")?))
    })?;
    if fee > units {
        return Err(call.refuse(
            DecodeErrorKind::WrongData,
            format!("a fee of {fee} on an amount of {units}"),
        ));
    }
    token::transfer_of_named_mint(walk, call, units, TokenProgram::Token2022)
}

fn refused_extension(call: &mut Call<'_>) -> DecodeError {
    let (name, why) = match call.data().first() {
        Some(25) => ("InitializeMintCloseAuthority", ADMINISTERS),
        Some(26) => ("TransferFeeExtension", ADMINISTERS),
        Some(27) => ("ConfidentialTransferExtension", HIDES),
        Some(28) => ("DefaultAccountStateExtension", ADMINISTERS),
        Some(29) => ("Reallocate", "pays rent for space a wallet does not need"),
        Some(30) => ("MemoTransferExtension", BLOCKS),
        Some(31) => ("CreateNativeMint", ADMINISTERS),
        Some(32) => ("InitializeNonTransferableMint", ADMINISTERS),
        Some(33) => ("InterestBearingMintExtension", ADMINISTERS),
        Some(34) => ("CpiGuardExtension", BLOCKS),
        Some(35) => ("InitializePermanentDelegate", ADMINISTERS),
        Some(36) => ("TransferHookExtension", ADMINISTERS),
        Some(37) => ("ConfidentialTransferFeeExtension", HIDES),
        Some(39) => ("MetadataPointerExtension", ADMINISTERS),
        Some(40) => ("GroupPointerExtension", ADMINISTERS),
        Some(41) => ("GroupMemberPointerExtension", ADMINISTERS),
        Some(42) => ("ConfidentialMintBurnExtension", HIDES),
        Some(43) => ("ScaledUiAmountExtension", ADMINISTERS),
        Some(44) => ("PausableExtension", ADMINISTERS),
        Some(46) => ("PermissionedBurnExtension", ADMINISTERS),
        Some(_) | None => ("an extension", ADMINISTERS),
    };
    call.named(name);
    call.forbid(why)
}
