//! Associated Token Account program (`spl-associated-token-account-interface`).

use countersign_intent::solana::{Address, Asset, Detail as Effect};

use crate::{DecodeError, DecodeErrorKind};

use super::super::ata::{Candidate, TokenProgram};
use super::super::call::Call;
use super::super::ids;
use super::super::walk::{Opened, State, Walk, own_candidates};

pub(super) fn decode(walk: &mut Walk<'_>, call: &mut Call<'_>) -> Result<(), DecodeError> {
    match call.data() {
        [] | [0] => {
            call.named("Create");
            if let Some(State::Open(_)) = walk.facts.state(call.account(1)?.index) {
                return Err(call.refuse(
                    DecodeErrorKind::WrongAccounts,
                    "creates an account that is open at this step; use CreateIdempotent",
                ));
            }
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

/// Slots: payer, account, owner, mint, System, token program, and with older clients Rent. Mint and
/// token program may stand in a lookup table: the address that is derived from them proves which
/// they are, and the program derives it again from what the table holds.
fn create(walk: &mut Walk<'_>, call: &mut Call<'_>) -> Result<(), DecodeError> {
    call.expect_slots(6..=7)?;
    let payer_is_wallet = call.is_wallet(0)?;
    let account = call.account(1)?;
    let address = call.key(1)?;
    let owner = call.key_or_wallet(2)?;
    call.fixed(4, &ids::SYSTEM)?;
    if call.slot_count() == 7 {
        call.fixed(6, &ids::RENT)?;
    }
    let mint = call.account(3)?.key;
    let program = token_program(call)?;
    let proven = prove(walk, call, owner, mint, program)?
        .ok_or_else(|| unproven(call, &address, &owner, mint))?;
    let (mint, program) = (proven.mint, proven.program.or(program));
    let opened = Opened {
        index: account.index,
        owner,
        mint,
        program,
    };
    walk.open(call, 1, opened)?;
    // What others open for others, at their cost, is nothing the wallet does.
    if payer_is_wallet || owner == walk.wallet() {
        walk.push(Effect::OpenAccount {
            account: address,
            owner,
            asset: Asset::of_mint(mint),
        });
    }
    if payer_is_wallet {
        // Where the program cannot be told, the larger rent is shown.
        walk.deposit_token_rent(address, program.unwrap_or(TokenProgram::Token2022));
    }
    Ok(())
}

/// Which mint and program make the account in slot 1 the owner's associated one.
fn prove(
    walk: &mut Walk<'_>,
    call: &Call<'_>,
    owner: Address,
    mint: Option<Address>,
    program: Option<TokenProgram>,
) -> Result<Option<Opened>, DecodeError> {
    let account = call.account(1)?;
    // What the operator says of an account does not make it the associated one.
    let known = walk.facts.associated(account.index).filter(|known| {
        known.owner == owner
            && mint.is_none_or(|mint| known.mint == mint)
            && program.is_none_or(|program| known.is_under(program))
    });
    if known.is_some() {
        return Ok(known);
    }
    let under = move |one: &Candidate| program.is_none_or(|program| program == one.program);
    match mint {
        Some(mint) => walk.prove(call, &account, own_candidates(owner, mint).filter(under)),
        None => {
            let unnamed = walk.unnamed(owner).filter(under);
            walk.prove(call, &account, unnamed)
        }
    }
}

/// The program in slot 5; none where it stands in a table nobody attested.
fn token_program(call: &Call<'_>) -> Result<Option<TokenProgram>, DecodeError> {
    let Some(key) = call.account(5)?.key else {
        return Ok(None);
    };
    let program = TokenProgram::by_id(&key).ok_or_else(|| {
        call.refuse(
            DecodeErrorKind::WrongAccounts,
            "expected SPL Token or Token-2022 in slot 5",
        )
    })?;
    Ok(Some(program))
}

fn unproven(
    call: &Call<'_>,
    account: &Address,
    owner: &Address,
    mint: Option<Address>,
) -> DecodeError {
    match mint {
        Some(mint) => call.refuse(
            DecodeErrorKind::UnprovenAccount,
            format!("`{account}` is not the associated token account of `{owner}` for `{mint}`"),
        ),
        None => call.refuse(
            DecodeErrorKind::UnresolvedAccount,
            format!(
                "the mint in slot 3 comes from a lookup table that is not attested, and \
                 `{account}` is not the associated token account of `{owner}` for any mint that is \
                 known; bring its mint as a hint, or name it in the message itself"
            ),
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::context::Context;
    use super::super::super::draft::{
        MINT, STRANGER, WALLET, ata, ata_of, compile, compile_hiding, effects, effects_hiding,
        open, pays, reads, writes,
    };
    use super::*;
    use countersign_intent::Amount;
    use countersign_intent::solana::WRAPPED_SOL_MINT;

    fn hinted() -> Context<'static> {
        Context {
            mints: &[STRANGER, MINT],
            ..Context::new(WALLET)
        }
    }

    #[test]
    fn a_hidden_mint_is_the_one_the_address_proves() {
        for owner in [WALLET, STRANGER] {
            let named = effects(&[open(owner, MINT)]);
            for hidden in [&[MINT][..], &[ids::TOKEN], &[MINT, ids::TOKEN, ids::SYSTEM]] {
                let found = effects_hiding(&[open(owner, MINT)], hidden, &hinted());
                assert_eq!(found, named, "{hidden:?}");
            }
        }
        let wrapped = open(WALLET, WRAPPED_SOL_MINT);
        let plain = Context::new(WALLET);
        assert!(effects_hiding(&[wrapped], &[WRAPPED_SOL_MINT], &plain).is_ok());
    }

    #[test]
    fn what_others_open_for_others_is_theirs() {
        let mut theirs = open(STRANGER, MINT);
        theirs.accounts[0] = pays(STRANGER);
        assert_eq!(effects(&[theirs]), Ok(vec![]));
        let mut sponsored = open(WALLET, MINT);
        sponsored.accounts[0] = pays(STRANGER);
        let opened = effects(&[sponsored]).unwrap();
        assert!(matches!(opened[..], [Effect::OpenAccount { owner, .. }] if owner == WALLET));
    }

    #[test]
    fn a_hidden_program_is_the_one_the_address_proves() {
        let mut under_2022 = open(WALLET, MINT);
        under_2022.accounts[1] = writes(ata_of(WALLET, MINT, ids::TOKEN_2022));
        under_2022.accounts[5] = reads(ids::TOKEN_2022);
        let found = effects_hiding(&[under_2022], &[ids::TOKEN_2022], &hinted()).unwrap();
        assert!(matches!(found[1], Effect::RentDeposit { amount, .. }
            if amount == Amount::from_base(2_248_080)));
    }

    #[test]
    fn a_hidden_mint_that_nothing_proves_is_refused() {
        let unknown = effects_hiding(&[open(WALLET, MINT)], &[MINT], &Context::new(WALLET));
        assert_eq!(
            unknown.unwrap_err().kind(),
            DecodeErrorKind::UnresolvedAccount
        );
        // The account that is opened, and its owner, are named in the message itself.
        for hidden in [ata(STRANGER, MINT), STRANGER] {
            let error = effects_hiding(&[open(STRANGER, MINT)], &[hidden], &hinted());
            assert_eq!(
                error.unwrap_err().kind(),
                DecodeErrorKind::UnresolvedAccount
            );
        }
        let mut foreign = open(WALLET, MINT);
        foreign.accounts[1] = writes(ata(STRANGER, MINT));
        let error = effects_hiding(&[foreign], &[MINT], &hinted()).unwrap_err();
        assert_eq!(error.kind(), DecodeErrorKind::UnresolvedAccount);
    }

    #[test]
    fn hiding_changes_where_keys_stand_and_nothing_else() {
        let steps = [open(WALLET, MINT)];
        let (named, hidden) = (compile(WALLET, &steps), compile_hiding(&steps, &[MINT]));
        // One key less, a version byte, a table with one entry more.
        assert_eq!(hidden.len(), named.len() - 32 + 1 + 1 + 32 + 3);
        assert_eq!(hidden[0], 0x80);
    }
}
