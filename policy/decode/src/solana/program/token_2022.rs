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

#[cfg(test)]
mod tests {
    use super::super::super::draft::{
        MINT, STRANGER, WALLET, ata_of, effects, open, pool, reads, refusal, signs, step, writes,
    };
    use super::super::super::ids;
    use super::*;
    use countersign_intent::Amount;
    use countersign_intent::solana::{Asset, Detail as Effect};

    fn with_fee(amount: u64, fee: u64) -> super::super::super::draft::Step {
        let mut data = vec![26, 1];
        data.extend(amount.to_le_bytes());
        data.push(6);
        data.extend(fee.to_le_bytes());
        let accounts = vec![writes(pool(1)), reads(MINT), writes(pool(2)), signs(WALLET)];
        step(ids::TOKEN_2022, accounts, data)
    }

    #[test]
    fn a_transfer_with_a_fee_sends_the_whole_amount() {
        assert_eq!(
            effects(&[with_fee(100, 7)]).unwrap(),
            [Effect::Transfer {
                asset: Asset::Token(MINT),
                amount: Amount::from_base(100),
                to: pool(2),
                token_account: Some(pool(2)),
            }]
        );
        assert_eq!(refusal(&[with_fee(100, 101)]), DecodeErrorKind::WrongData);
        let mut hooked = with_fee(100, 7);
        hooked.accounts.push(reads(pool(3)));
        let refused = effects(&[hooked]).unwrap_err();
        assert_eq!(refused.kind(), DecodeErrorKind::Forbidden);
        assert!(refused.to_string().contains("a transfer hook"), "{refused}");
    }

    #[test]
    fn the_owner_of_an_associated_account_is_shown() {
        let mut opening = open(STRANGER, MINT);
        let account = ata_of(STRANGER, MINT, ids::TOKEN_2022);
        opening.accounts[1] = writes(account);
        opening.accounts[5] = reads(ids::TOKEN_2022);
        let mut transfer = with_fee(100, 7);
        transfer.accounts[2] = writes(account);
        let effects = effects(&[opening, transfer]).unwrap();
        assert!(matches!(effects[..], [
            Effect::OpenAccount { .. },
            Effect::RentDeposit { amount, .. },
            Effect::Transfer { to: STRANGER, .. },
        ] if amount == Amount::from_base(2_248_080)));
    }

    #[test]
    fn every_extension_is_refused_by_name() {
        for extension in (25..=37).chain(39..=44).chain([46]) {
            let accounts = vec![writes(pool(1)), signs(WALLET)];
            let error =
                effects(&[step(ids::TOKEN_2022, accounts, vec![extension, 0])]).unwrap_err();
            assert_eq!(error.kind(), DecodeErrorKind::Forbidden, "{extension}");
            assert!(error.to_string().contains('`'), "{error}");
        }
        for unknown in [47, 100, 210] {
            let other = step(ids::TOKEN_2022, vec![signs(WALLET)], vec![unknown]);
            assert_eq!(refusal(&[other]), DecodeErrorKind::UnknownInstruction);
        }
    }
}
