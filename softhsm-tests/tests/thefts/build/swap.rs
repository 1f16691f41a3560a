//! Exchanges, aggregators and orders.

use solana_instruction::{AccountMeta, Instruction};
use solana_pubkey::Pubkey;

use super::super::actors::*;
use super::system::{create_seeded, pay};
use super::token::{close, initialize};
use super::{Named, call, legacy, looked_up, r, s, w, ws};

const JUPITER: Pubkey = Pubkey::from_str_const("JUP6LkbZbjS1jKKwapdHNy74zcZ3tLUZoi5QNyVTaV4");
const EVENTS: Pubkey = Pubkey::from_str_const("D8cy77BBepLMngZx6ZukaTff5hCt1HrWyKk3Hnd9oitf");
const JUPITERZ: Pubkey = Pubkey::from_str_const("61DFfeTKM7trxYcPQCM78bJ794ddZprZpAwAnLiwTpYH");
const LIMIT: Pubkey = Pubkey::from_str_const("j1o2qRpjcyUwEvwtcfhEQefh773ZgjxcVRry7LDqg5X");
const RECURRING: Pubkey = Pubkey::from_str_const("DCA265Vj8a9CEuX1eb1LWRnDT7uK6q1xMipnNyatn23M");
const PUMP: Pubkey = Pubkey::from_str_const("6EF8rrecthR5Dkzon8Nwu78hRvfCKubJ14M5uBEwF6P");
const PUMP_FEES: Pubkey = Pubkey::from_str_const("pfeeUxB6jkeY1Hxd7CsFCAjcbHA9rWtchMGdZ6VojVZ");
const MAYHEM: Pubkey = Pubkey::from_str_const("MAyhSmzXzV1pTf7LsNkrNwkWKTo4ougAJ1PPg47MD4e");
const PUMPSWAP: Pubkey = Pubkey::from_str_const("pAMMBay6oceH9fJKBRHGP5D4bD4sWpmSwMn52FMfXEA");
const CPMM: Pubkey = Pubkey::from_str_const("CPMMoo8L3F4NbTegBCKVNunggL7H1ZpdTHKxQB5qKP1C");
const LAUNCHLAB: Pubkey = Pubkey::from_str_const("LanMV9sAd7wArD4vJFi2qDdfnVhFxYSUg6eADduJ3uj");
pub(super) const RAYDIUM: Pubkey =
    Pubkey::from_str_const("675kPX9MHTjS2zt1qfr1NYHuzeLXfQM9H24wFSUt1Mp8");
pub(super) const MEMO: Pubkey =
    Pubkey::from_str_const("MemoSq4gqABAXKb96qnH8TysNcWxMyWCqXgDLGmfcHr");
const WHIRLPOOL: Pubkey = Pubkey::from_str_const("whirLbMiicVdio4qvUfM5KAg6Ct8VwpYzGff3uctyCc");

pub(super) fn transactions() -> Vec<Named> {
    let mut all = bounds();
    all.extend(destinations());
    all.extend(fees());
    all.extend(orders());
    all.extend(coins());
    all.extend(look_alikes());
    all
}

/// Accounts of an instruction of which most are the pool's.
fn among(count: u8, given: Vec<(usize, AccountMeta)>) -> Vec<AccountMeta> {
    let mut accounts: Vec<AccountMeta> = (0..count).map(|number| w(pool(number))).collect();
    for (slot, account) in given {
        accounts[slot] = account;
    }
    accounts
}

/// A Jupiter trade through Jupiter's own accounts.
struct Trade {
    spend: (Pubkey, u64),
    /// What is received, and how much of it was quoted.
    receive: (Pubkey, u64),
    into: Pubkey,
    slippage_bps: u16,
    fee_bps: u8,
}

impl Trade {
    /// 100 COIN for 100 USDC quoted, worth the same.
    fn fair() -> Self {
        Self {
            spend: (COIN, 100_000_000),
            receive: (USDC, 100_000_000),
            into: ata(victim(), USDC),
            slippage_bps: 50,
            fee_bps: 0,
        }
    }

    fn call(&self) -> Instruction {
        let fee = if self.fee_bps > 0 {
            w(ata(thief(), self.receive.0))
        } else {
            r(JUPITER)
        };
        let accounts = among(
            16,
            vec![
                (0, r(TOKEN)),
                (2, s(victim())),
                (3, w(ata(victim(), self.spend.0))),
                (6, w(self.into)),
                (7, r(self.spend.0)),
                (8, r(self.receive.0)),
                (9, fee),
                (10, r(JUPITER)),
                (11, r(EVENTS)),
                (12, r(JUPITER)),
            ],
        );
        let plan = [1, 0, 0, 0, 7, 100, 0, 1];
        let data: [&[u8]; 7] = [
            &0xc120_9b33_41d6_9c81_u64.to_be_bytes(),
            &[3],
            &plan,
            &self.spend.1.to_le_bytes(),
            &self.receive.1.to_le_bytes(),
            &self.slippage_bps.to_le_bytes(),
            &[self.fee_bps],
        ];
        call(JUPITER, &accounts, &data)
    }
}

/// A trade that is allowed.
pub(super) fn fair() -> Instruction {
    Trade::fair().call()
}

/// A Jupiter `route`, whose fourth slot may send the proceeds elsewhere.
fn route(into: Pubkey, redirect: AccountMeta) -> Instruction {
    let accounts = among(
        13,
        vec![
            (0, r(TOKEN)),
            (1, s(victim())),
            (2, w(ata(victim(), COIN))),
            (3, w(into)),
            (4, redirect),
            (5, r(USDC)),
            (6, r(JUPITER)),
            (7, r(EVENTS)),
            (8, r(JUPITER)),
        ],
    );
    let data: [&[u8]; 5] = [
        &0xe517_cb97_7ae3_ad2a_u64.to_be_bytes(),
        &[1, 0, 0, 0, 7, 100, 0, 1],
        &100_000_000_u64.to_le_bytes(),
        &100_000_000_u64.to_le_bytes(),
        &[50, 0, 0],
    ];
    call(JUPITER, &accounts, &data)
}

fn bounds() -> Vec<Named> {
    let fair = Trade::fair();
    let trade = |name, trade: Trade| legacy(name, &[trade.call()]);
    vec![
        legacy("control-fair-trade", &[fair.call()]),
        legacy("control-withdrawal", &[pay(COLD, SOL)]),
        trade(
            "26-swap-for-nothing",
            Trade {
                receive: (USDC, 0),
                ..Trade::fair()
            },
        ),
        trade(
            "26-slippage",
            Trade {
                slippage_bps: 9_000,
                ..Trade::fair()
            },
        ),
        legacy("26-price-limit-pays-in-part", &[exact_out(1)]),
        legacy("control-exact-amount-out", &[exact_out(0)]),
        trade(
            "27-worthless-token",
            Trade {
                receive: (JUNK, u64::MAX / 4),
                into: ata(victim(), JUNK),
                ..Trade::fair()
            },
        ),
        legacy("27-junk-in-an-account-opened-again", &junk_disguised()),
        trade(
            "27-own-pool-at-any-price",
            Trade {
                receive: (USDC, 1_000_000),
                ..Trade::fair()
            },
        ),
    ]
}

/// An account of the wallet for USDC, closed, opened again for junk, and paid into by an exchange
/// that names no mint: it is still only junk.
fn junk_disguised() -> [Instruction; 6] {
    let account = seeded_for(TOKEN);
    let accounts = among(
        8,
        vec![
            (0, r(TOKEN)),
            (5, w(ata(victim(), COIN))),
            (6, w(account)),
            (7, s(victim())),
        ],
    );
    let data: [&[u8]; 3] = [
        &[0x10],
        &100_000_000_u64.to_le_bytes(),
        &100_000_000_u64.to_le_bytes(),
    ];
    [
        create_seeded(TOKEN_RENT, 165, TOKEN),
        initialize(account, USDC, victim()),
        close(account, victim()),
        create_seeded(TOKEN_RENT, 165, TOKEN),
        initialize(account, JUNK, victim()),
        call(RAYDIUM, &accounts, &data),
    ]
}

/// Exactly 99 USDC for at most 100 COIN; at a price limit the pool stops and owes nothing more.
fn exact_out(price_limit: u128) -> Instruction {
    let accounts = among(
        15,
        vec![
            (0, r(TOKEN)),
            (1, r(TOKEN)),
            (2, r(MEMO)),
            (3, s(victim())),
            (5, r(COIN)),
            (6, r(USDC)),
            (7, w(ata(victim(), COIN))),
            (9, w(ata(victim(), USDC))),
        ],
    );
    let data: [&[u8]; 5] = [
        &0x2b04_ed0b_1ac9_1e62_u64.to_be_bytes(),
        &99_000_000_u64.to_le_bytes(),
        &100_000_000_u64.to_le_bytes(),
        &price_limit.to_le_bytes(),
        &[0, 1, 0],
    ];
    call(WHIRLPOOL, &accounts, &data)
}

fn destinations() -> Vec<Named> {
    let foreign = Trade {
        into: ata(thief(), USDC),
        ..Trade::fair()
    };
    let own = ata(victim(), USDC);
    let mut listed = Trade::fair().call();
    listed.accounts.push(w(victim()));
    let wrapped = ata(victim(), WRAPPED);
    let mut reaching = route(own, r(JUPITER));
    reaching.accounts.push(w(wrapped));
    let mut unstaking = route(own, r(JUPITER));
    unstaking
        .accounts
        .extend([s(victim()), w(STAKED), r(STAKE)]);
    vec![
        legacy("36-route-reaches-stake", &[unstaking]),
        legacy("control-plain-route", &[route(own, r(JUPITER))]),
        legacy(
            "36-route-reaches-another-account",
            std::slice::from_ref(&reaching),
        ),
        looked_up("36-route-reaches-a-hidden-account", &[reaching], wrapped),
        legacy("25-swap-into-thiefs-account", &[foreign.call()]),
        legacy("25-swap-redirected", &[route(own, w(ata(thief(), USDC)))]),
        legacy("36-wallet-among-the-pools-accounts", &[listed]),
    ]
}

fn fees() -> Vec<Named> {
    let fee = Trade {
        fee_bps: 200,
        ..Trade::fair()
    };
    let accounts = among(
        15,
        vec![
            (0, s(victim())),
            (5, w(ata(victim(), COIN))),
            (6, w(ata(victim(), USDC))),
            (9, r(COIN)),
            (10, r(USDC)),
        ],
    );
    let share: [&[u8]; 4] = [
        &0x9527_de9b_d37c_981a_u64.to_be_bytes(),
        &100_000_000_u64.to_le_bytes(),
        &99_000_000_u64.to_le_bytes(),
        &10_000_u64.to_le_bytes(),
    ];
    let ledger = among(12, vec![(1, s(victim())), (2, w(ata(victim(), COIN)))]);
    vec![
        legacy("28-platform-fee", &[fee.call()]),
        legacy("28-positive-slippage", &[positive_slippage()]),
        legacy("28-share-fee-rate", &[call(LAUNCHLAB, &accounts, &share)]),
        legacy(
            "29-token-ledger",
            &[call(
                JUPITER,
                &ledger,
                &[&0x9656_4774_a75d_0e68_u64.to_be_bytes(), &[0; 16]],
            )],
        ),
    ]
}

/// `shared_accounts_route_v2` whose integrator keeps whatever is better than quoted.
fn positive_slippage() -> Instruction {
    let accounts = among(
        14,
        vec![
            (1, s(victim())),
            (2, w(ata(victim(), COIN))),
            (5, w(ata(victim(), USDC))),
            (6, r(COIN)),
            (7, r(USDC)),
            (8, r(TOKEN)),
            (9, r(TOKEN)),
            (10, r(EVENTS)),
            (11, r(JUPITER)),
        ],
    );
    let data: [&[u8]; 6] = [
        &0xd198_5393_7cfe_d8e9_u64.to_be_bytes(),
        &[3],
        &100_000_000_u64.to_le_bytes(),
        &100_000_000_u64.to_le_bytes(),
        &[50, 0, 0, 0, 0x10, 0x27],
        &[1, 0, 0, 0, 7, 100, 0, 0, 1],
    ];
    call(JUPITER, &accounts, &data)
}

fn orders() -> Vec<Named> {
    let fill = among(
        11,
        vec![
            (0, s(victim())),
            (1, s(thief())),
            (2, w(ata(victim(), COIN))),
            (3, w(ata(thief(), COIN))),
            (4, w(ata(victim(), USDC))),
            (5, w(ata(thief(), USDC))),
            (6, r(COIN)),
            (7, r(TOKEN)),
            (8, r(USDC)),
            (9, r(TOKEN)),
            (10, r(SYSTEM)),
        ],
    );
    let fill_data: [&[u8]; 4] = [
        &0xa860_b7a3_5c0a_28a0_u64.to_be_bytes(),
        &100_000_000_u64.to_le_bytes(),
        &1_u64.to_le_bytes(),
        &i64::MAX.to_le_bytes(),
    ];
    let recurring = among(
        13,
        vec![
            (1, s(victim())),
            (2, ws(victim())),
            (3, r(COIN)),
            (4, r(USDC)),
            (5, w(ata(victim(), COIN))),
            (8, r(SYSTEM)),
            (9, r(TOKEN)),
            (10, r(ASSOCIATED)),
        ],
    );
    let recurring_data: [&[u8]; 6] = [
        &0x8e77_2b6d_a234_0bb1_u64.to_be_bytes(),
        &1_u64.to_le_bytes(),
        &1_000_000_000_u64.to_le_bytes(),
        &100_000_000_u64.to_le_bytes(),
        &60_u64.to_le_bytes(),
        &[0, 0, 0],
    ];
    vec![
        legacy(
            "30-quote-at-any-price",
            &[call(JUPITERZ, &fill, &fill_data)],
        ),
        legacy("30-order-without-expiry", &[order(victim(), false)]),
        legacy("30-order-of-another-maker", &[order(thief(), true)]),
        legacy(
            "30-recurring-order",
            &[call(RECURRING, &recurring, &recurring_data)],
        ),
    ]
}

fn order(maker: Pubkey, expires: bool) -> Instruction {
    let accounts = among(
        15,
        vec![
            (0, ws(victim())),
            (1, s(maker)),
            (4, w(ata(victim(), COIN))),
            (6, r(LIMIT)),
            (7, r(COIN)),
            (8, r(USDC)),
        ],
    );
    let expiry: &[u8] = if expires {
        &[1, 0, 0, 0, 0, 1, 0, 0, 0]
    } else {
        &[0]
    };
    let data: [&[u8]; 6] = [
        &0x856e_4aaf_709f_f59f_u64.to_be_bytes(),
        &7_u64.to_le_bytes(),
        &100_000_000_u64.to_le_bytes(),
        &100_000_000_u64.to_le_bytes(),
        expiry,
        &[0],
    ];
    call(LIMIT, &accounts, &data)
}

fn buy(coin: Pubkey, most: u64) -> Instruction {
    let accounts = among(
        16,
        vec![
            (2, r(coin)),
            (5, w(ata(victim(), coin))),
            (6, ws(victim())),
            (7, r(SYSTEM)),
            (8, r(TOKEN)),
            (15, r(PUMP_FEES)),
        ],
    );
    let data: [&[u8]; 3] = [
        &0x6606_3d12_01da_ebea_u64.to_be_bytes(),
        &1_000_000_u64.to_le_bytes(),
        &most.to_le_bytes(),
    ];
    call(PUMP, &accounts, &data)
}

/// A coin of the thief's, who gets its creator fees.
fn create() -> Instruction {
    let accounts = among(
        16,
        vec![
            (0, ws(pool(40))),
            (5, ws(victim())),
            (6, r(SYSTEM)),
            (7, r(TOKEN_2022)),
            (8, r(ASSOCIATED)),
            (9, r(MAYHEM)),
            (15, r(PUMP)),
        ],
    );
    let discriminator = 0xd690_4cec_5f8b_31b4_u64.to_be_bytes();
    let creator = thief().to_bytes();
    let mut data: Vec<&[u8]> = vec![&discriminator];
    data.extend([&[4, 0, 0, 0][..], b"Coin"]);
    data.extend([&[1, 0, 0, 0][..], b"C"]);
    data.extend([&[9, 0, 0, 0][..], b"ipfs://aa"]);
    data.extend([&creator[..], &[0]]);
    call(PUMP, &accounts, &data)
}

/// The wallet pays for what an account of others lacks.
fn extend(account: u8) -> Instruction {
    let accounts = [
        w(pool(account)),
        ws(victim()),
        r(SYSTEM),
        r(pool(39)),
        r(PUMP),
    ];
    let discriminator = 0xea66_c2cb_9648_3ee5_u64.to_be_bytes();
    call(PUMP, &accounts, &[&discriminator])
}

fn coins() -> Vec<Named> {
    let partial = among(
        27,
        vec![
            (1, r(COIN)),
            (2, r(WRAPPED)),
            (13, ws(victim())),
            (14, w(ata(victim(), COIN))),
            (15, w(ata(victim(), WRAPPED))),
        ],
    );
    let partial_data: [&[u8]; 4] = [
        &0xc2ab_1c46_684d_5b2f_u64.to_be_bytes(),
        &SOL.to_le_bytes(),
        &200_000_000_u64.to_le_bytes(),
        &[1],
    ];
    let extended: Vec<Instruction> = (1..=18).map(extend).collect();
    let liquidity = among(15, vec![(2, s(victim())), (6, w(ata(victim(), COIN)))]);
    let deposit: [&[u8]; 2] = [&0xf223_c689_52e1_f2b6_u64.to_be_bytes(), &[0; 24]];
    let position = among(10, vec![(0, ws(victim())), (1, r(thief()))]);
    let position_data: [&[u8]; 2] = [&0x8780_2f4d_0f98_f031_u64.to_be_bytes(), &[0; 9]];
    vec![
        legacy("20-coin-account-extended", &extended),
        legacy("26-buy-without-maximum", &[buy(COIN, u64::MAX)]),
        legacy("31-liquidity", &[call(PUMPSWAP, &liquidity, &deposit)]),
        legacy(
            "31-position-of-thief",
            &[call(WHIRLPOOL, &position, &position_data)],
        ),
        legacy("44-untrusted-coin", &[buy(JUNK, SOL)]),
        legacy("45-coin-created", &[create()]),
        legacy("45-partial-fill", &[call(PUMP, &partial, &partial_data)]),
    ]
}

fn look_alikes() -> Vec<Named> {
    let exchange = |from, to| {
        let accounts = among(
            13,
            vec![
                (0, s(victim())),
                (4, w(from)),
                (5, w(to)),
                (10, r(COIN)),
                (11, r(USDC)),
            ],
        );
        let data: [&[u8]; 3] = [
            &0x8fbe_5ada_c41e_33de_u64.to_be_bytes(),
            &100_000_000_u64.to_le_bytes(),
            &99_000_000_u64.to_le_bytes(),
        ];
        call(CPMM, &accounts, &data)
    };
    let (coins, dollars) = (ata(victim(), COIN), ata(victim(), USDC));
    let mut called = exchange(coins, dollars);
    called.accounts[8] = r(pool(41));
    called.accounts[9] = r(TOKEN);
    vec![
        // It is called where SPL Token is, with the wallet's signature.
        looked_up("33-exchange-calls-a-hidden-program", &[called], pool(41)),
        legacy(
            "look-alike-accounts-in-another-order",
            &[exchange(dollars, coins)],
        ),
        legacy(
            "look-alike-exchange-into-thiefs-account",
            &[exchange(coins, ata(thief(), USDC))],
        ),
        legacy(
            "look-alike-trade-and-small-transfer",
            &[Trade::fair().call(), pay(thief(), SOL / 1_000)],
        ),
        legacy(
            "look-alike-trade-into-its-source",
            &[route(coins, r(JUPITER))],
        ),
    ]
}
