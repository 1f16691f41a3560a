//! Associated Token Account program (`spl-associated-token-account-interface`).

use countersign_intent::{Asset, Effect};

use crate::{DecodeError, DecodeErrorKind};

use super::super::ata::{Candidate, TokenProgram};
use super::super::call::Call;
use super::super::ids;
use super::super::walk::{Opened, Walk};

pub(super) fn decode(walk: &mut Walk<'_>, call: &mut Call<'_>) -> Result<(), DecodeError> {
    match call.data() {
        [] | [0] => {
            call.named("Create");
            create(walk, call)
        }
        [1] => {
            call.named("CreateIdempotent");
            create(walk, call)
        }
        [2, ..] => {
            call.named("RecoverNested");
            Err(call.forbid("moves what a nested account holds; recover it by other means"))
        }
        _ => Err(call.refuse(
            DecodeErrorKind::UnknownInstruction,
            "expected Create (no data or `00`) or CreateIdempotent (`01`)",
        )),
    }
}

/// Slots: payer, account, owner, mint, System, token program, and with older clients Rent.
fn create(walk: &mut Walk<'_>, call: &mut Call<'_>) -> Result<(), DecodeError> {
    call.expect_slots(6..=7)?;
    let payer_is_wallet = call.is_wallet(0)?;
    let account = call.account(1)?;
    let address = call.key(1)?;
    let owner = call.key_or_wallet(2)?;
    let mint = call.key(3)?;
    call.fixed(4, &ids::SYSTEM)?;
    let program = TokenProgram::by_id(&call.key(5)?).ok_or_else(|| {
        call.refuse(
            DecodeErrorKind::WrongAccounts,
            "expected SPL Token or Token-2022 in slot 5",
        )
    })?;
    if call.slot_count() == 7 {
        call.fixed(6, &ids::RENT)?;
    }
    let candidate = Candidate {
        owner,
        program,
        mint,
    };
    let known = walk
        .known_account(&account)
        .filter(|known| known.owner == owner && known.mint == mint);
    if known.is_none()
        && walk
            .prove(call, &account, std::iter::once(candidate))?
            .is_none()
    {
        return Err(call.refuse(
            DecodeErrorKind::UnprovenAccount,
            format!("`{address}` is not the associated token account of `{owner}` for `{mint}`"),
        ));
    }
    walk.open(Opened {
        index: account.index,
        owner,
        mint,
        program: Some(program),
    });
    walk.push(Effect::OpenAccount {
        account: address,
        owner,
        asset: Asset::of_mint(mint),
    });
    if payer_is_wallet {
        walk.deposit_token_rent(address, program);
    }
    Ok(())
}
