//! What the Solana app makes of a transaction's message (`libsol/message.c`,
//! `libsol/transaction_printers.c`).

use solana_message::VersionedMessage;
use solana_message::compiled_instruction::CompiledInstruction;
use solana_pubkey::Pubkey;

use super::screen::Screen;
use super::wire::{BAD_HEADER, INVALID_DATA, Refusal};

/// Most instructions that 1.9.0 takes apart.
const MAX_INSTRUCTIONS: usize = 4;

const COMPUTE_BUDGET: Pubkey =
    Pubkey::from_str_const("ComputeBudget111111111111111111111111111111");
const MEMO: Pubkey = Pubkey::from_str_const("MemoSq4gqABAXKb96qnH8TysNcWxMyWCqXgDLGmfcHr");
const TRANSFER: [u8; 4] = [2, 0, 0, 0];
const ADVANCE_NONCE: [u8; 4] = [4, 0, 0, 0];

/// An instruction with its accounts looked up.
struct Instruction {
    program: Pubkey,
    accounts: Vec<Pubkey>,
    data: Vec<u8>,
}

/// What is shown, or `None` where it is not understood.
pub(super) fn screen(message: &[u8], me: &[u8; 32]) -> Result<Option<Screen>, Refusal> {
    let decoded: VersionedMessage =
        wincode::deserialize_exact(message).map_err(|_| Refusal(INVALID_DATA))?;
    let me = Pubkey::new_from_array(*me);
    let keys = decoded.static_account_keys();
    let signers = usize::from(decoded.header().num_required_signatures);
    if !keys.iter().take(signers).any(|key| *key == me) {
        return Err(Refusal(BAD_HEADER));
    }
    let lookups = decoded.address_table_lookups();
    if lookups.is_some_and(|tables| !tables.is_empty()) {
        return Ok(None);
    }
    let instructions: Option<Vec<Instruction>> = decoded
        .instructions()
        .iter()
        .map(|instruction| resolved(instruction, keys))
        .collect();
    let instructions = instructions.ok_or(Refusal(INVALID_DATA))?;
    let Some(action) = only_action(&instructions) else {
        return Ok(None);
    };
    Ok(shown(action, &me, keys.first()))
}

fn resolved(instruction: &CompiledInstruction, keys: &[Pubkey]) -> Option<Instruction> {
    let key = |index: u8| keys.get(usize::from(index)).copied();
    Some(Instruction {
        program: key(instruction.program_id_index)?,
        accounts: instruction
            .accounts
            .iter()
            .map(|index| key(*index))
            .collect::<Option<_>>()?,
        data: instruction.data.clone(),
    })
}

/// The one action, where the rest is what may stand before it: a nonce, then compute budget.
/// Memos are signed and not shown, wherever they stand.
fn only_action(instructions: &[Instruction]) -> Option<&Instruction> {
    if instructions.len() > MAX_INSTRUCTIONS {
        return None;
    }
    let mut rest: Vec<&Instruction> = instructions
        .iter()
        .filter(|instruction| instruction.program != MEMO)
        .collect();
    if rest.first().is_some_and(|first| {
        first.program == solana_system_interface::program::ID && first.data == ADVANCE_NONCE
    }) {
        rest.remove(0);
    }
    let budget = rest
        .iter()
        .take_while(|instruction| instruction.program == COMPUTE_BUDGET)
        .count();
    match rest.get(budget..) {
        Some([action]) => Some(action),
        _ => None,
    }
}

fn shown(action: &Instruction, me: &Pubkey, fee_payer: Option<&Pubkey>) -> Option<Screen> {
    let other = |key: &Pubkey| (key != me).then(|| key.to_string());
    if action.program == solana_system_interface::program::ID {
        let (kind, lamports) = action.data.split_first_chunk::<4>()?;
        let lamports = u64::from_le_bytes(lamports.try_into().ok()?);
        let [from, to] = action.accounts.as_slice() else {
            return None;
        };
        return (*kind == TRANSFER).then(|| Screen::Transfer {
            lamports,
            recipient: to.to_string(),
            sender: other(from),
            fee_payer: fee_payer.and_then(other),
        });
    }
    creation(action)
}

/// A new associated token account: payer, account, owner, mint, system and token program.
fn creation(action: &Instruction) -> Option<Screen> {
    if action.program != spl_associated_token_account_interface::program::ID {
        return None;
    }
    match (action.accounts.as_slice(), action.data.as_slice()) {
        ([_, _, owner, mint, _, _], [] | [0 | 1]) => Some(Screen::CreateTokenAccount {
            owner: owner.to_string(),
            mint: mint.to_string(),
        }),
        _ => None,
    }
}
