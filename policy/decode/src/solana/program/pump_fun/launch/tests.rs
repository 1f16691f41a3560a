use super::super::super::super::context::Context;
use super::super::super::super::decode_message;
use super::super::super::super::draft::{
    STRANGER, Step, WALLET, ata_of, compile, effects, effects_hiding, pays, pool, reads, refusal,
    signs, writes,
};
use super::super::super::super::trade_check::{instruction, two_amounts};
use super::super::upkeep;
use super::*;
use countersign_intent::solana::{Detail as Effect, Swap};
use countersign_intent::{Action, Amount};

const COIN: Address = Address::new([0x71; 32]);
const BUY: u64 = 0x6606_3d12_01da_ebea;

fn texts(discriminator: u64) -> Vec<u8> {
    let mut data = discriminator.to_be_bytes().to_vec();
    for text in ["Idiot Coin", "IDIOT", "https://example.com/1"] {
        data.extend(u32::try_from(text.len()).unwrap().to_le_bytes());
        data.extend(text.as_bytes());
    }
    data
}

fn created(count: usize, user: usize, data: Vec<u8>) -> Step {
    let program = if count == 14 { 13 } else { 15 };
    let first = user + 1;
    let tokens = if count == 14 {
        ids::TOKEN
    } else {
        ids::TOKEN_2022
    };
    let mut given = vec![
        (0, pays(COIN)),
        (user, pays(WALLET)),
        (first, reads(ids::SYSTEM)),
        (first + 1, reads(tokens)),
        (first + 2, reads(ids::ASSOCIATED_TOKEN)),
        (program, reads(ID)),
    ];
    if count == 14 {
        given.push((11, reads(ids::RENT)));
    }
    instruction(ID, count, &given, data)
}

fn create() -> Step {
    created(
        14,
        7,
        [texts(CREATE), STRANGER.as_bytes().to_vec()].concat(),
    )
}

fn create_v2(tail: &[u8]) -> Step {
    let data = [&texts(CREATE_V2)[..], WALLET.as_bytes(), tail].concat();
    created(16, 5, data)
}

fn first_buy(most: u64) -> Step {
    let given = [
        (2, reads(COIN)),
        (5, writes(ata_of(WALLET, COIN, ids::TOKEN_2022))),
        (6, pays(WALLET)),
    ];
    instruction(ID, 16, &given, two_amounts(&BUY.to_be_bytes(), 9, most))
}

fn launched(steps: &[Step]) -> (Launch, Vec<Effect>) {
    let effects = effects(steps).unwrap();
    let found = effects.iter().find_map(|effect| match effect {
        Effect::Launch(launch) => Some(launch.clone()),
        _ => None,
    });
    (found.unwrap(), effects)
}

#[test]
fn a_launch_says_what_it_is_and_what_it_costs() {
    let (launch, _) = launched(&[create()]);
    assert_eq!((launch.program, launch.mint), (SLUG, COIN));
    assert_eq!(launch.creator, Some(STRANGER));
    assert_eq!(launch.quote, Asset::Sol);
    assert_eq!((&*launch.name, &*launch.symbol), ("Idiot Coin", "IDIOT"));
    assert_eq!(launch.uri, "https://example.com/1");
    assert_eq!(launch.cost, Amount::from_base(21_289_120));
    let (older, _) = launched(&[created(14, 7, texts(CREATE))]);
    assert_eq!(older.creator, None);
    let cost = |tail: &[u8]| launched(&[create_v2(tail)]).0.cost.base();
    // Mint of 318 bytes and its texts, curve, the curve's tokens.
    let plain = 6_960 * (128 + 318 + 36) + 2_672_640 + 2_248_080;
    for tail in [&[0][..], &[0, 1], &[0, 0, 0, 0, 0, 0, 0, 0, 0, 0], &[0; 11]] {
        assert_eq!(cost(tail), plain, "{tail:?}");
    }
    assert_eq!(cost(&[1]), plain + 2 * 2_248_080);
}

#[test]
fn the_first_purchase_is_bounded_and_part_of_the_launch() {
    let steps = [create_v2(&[0]), first_buy(5_000)];
    let (_, effects) = launched(&steps);
    let bought: Vec<&Swap> = effects
        .iter()
        .filter_map(|effect| match effect {
            Effect::Swap(swap) => Some(swap),
            _ => None,
        })
        .collect();
    let [bought] = bought[..] else {
        panic!("{bought:?}");
    };
    assert!(bought.launches);
    assert_eq!(bought.spend_max, Amount::from_base(5_000));
    let message = compile(WALLET, &steps);
    let decoded = decode_message(&message, &Context::new(WALLET)).unwrap();
    let effects = decoded.intent.effects().iter();
    let launches = effects.filter(|effect| effect.head().action == Action::Launch);
    assert_eq!(launches.count(), 2);
    let unbounded = [create_v2(&[0]), first_buy(u64::MAX)];
    assert_eq!(refusal(&unbounded), DecodeErrorKind::UnboundedTrade);
    // Of a coin that stands already it is a trade.
    let alone = super::super::super::super::draft::effects(&[first_buy(5_000)]).unwrap();
    assert!(matches!(&alone[0], Effect::Swap(swap) if !swap.launches));
}

#[test]
fn a_coin_may_be_paired_with_a_token() {
    let Asset::Token(usdc) = Asset::USDC else {
        panic!("USDC is a token");
    };
    let mut paired = create_v2(&[0]);
    paired
        .accounts
        .extend([reads(usdc), writes(pool(60)), reads(ids::TOKEN)]);
    let (launch, _) = launched(&[paired.clone()]);
    assert_eq!(launch.quote, Asset::USDC);
    paired.accounts.pop();
    assert_eq!(refusal(&[paired]), DecodeErrorKind::WrongAccounts);
}

#[test]
fn a_coin_may_be_paired_with_a_coin_of_pump_fun() {
    let quote = pool(61);
    let mut paired = create_v2(&[0]);
    paired
        .accounts
        .extend([reads(quote), writes(pool(62)), reads(ids::TOKEN_2022)]);
    // Quote control, the quote's curve, and where it has migrated its pool and two vaults.
    for described in 63..=72 {
        let (launch, _) = launched(&[paired.clone()]);
        assert_eq!(launch.quote, Asset::Token(quote));
        let with = |slot: usize, account| {
            let mut changed = paired.clone();
            changed.accounts[slot] = account;
            refusal(&[changed])
        };
        let last = paired.accounts.len() - 1;
        assert_eq!(with(last, signs(STRANGER)), DecodeErrorKind::WrongAccounts);
        assert_eq!(with(last, reads(WALLET)), DecodeErrorKind::WrongAccounts);
        let own = ata_of(WALLET, quote, ids::TOKEN_2022);
        assert_eq!(with(17, writes(own)), DecodeErrorKind::WrongAccounts);
        assert_eq!(with(18, reads(pool(99))), DecodeErrorKind::WrongAccounts);
        if described < 72 {
            paired.accounts.push(writes(pool(described)));
        }
    }
    paired.accounts.push(writes(pool(73)));
    assert_eq!(refusal(&[paired]), DecodeErrorKind::WrongAccounts);
}

#[test]
fn what_a_launch_calls_is_what_belongs_there() {
    for (step, callees) in [
        (create(), &[5, 8, 9, 10][..]),
        (create_v2(&[0]), &[6, 7, 8, 9]),
    ] {
        for slot in callees {
            let mut changed = step.clone();
            changed.accounts[*slot] = reads(pool(98));
            assert_eq!(refusal(&[changed.clone()]), DecodeErrorKind::WrongAccounts);
            // pump.fun itself takes no other.
            let hidden = effects_hiding(&[changed], &[pool(98)], &Context::new(WALLET));
            assert!(hidden.is_ok(), "{hidden:?}");
        }
    }
}

#[test]
fn a_coin_whose_fees_go_to_its_holders_has_no_creator() {
    let tail = |to_holders| [&[0, 0][..], &[0; 8], &[to_holders]].concat();
    assert_eq!(launched(&[create_v2(&tail(0))]).0.creator, Some(WALLET));
    assert_eq!(launched(&[create_v2(&tail(1))]).0.creator, None);
}

#[test]
fn only_the_wallet_launches_with_a_mint_that_signs() {
    for (step, user) in [(create(), 7), (create_v2(&[0]), 5)] {
        let with = |slot: usize, account| {
            let mut changed = step.clone();
            changed.accounts[slot] = account;
            refusal(&[changed])
        };
        assert_eq!(with(user, pays(STRANGER)), DecodeErrorKind::WrongAccounts);
        assert_eq!(with(0, writes(COIN)), DecodeErrorKind::WrongAccounts);
        assert_eq!(with(0, pays(WALLET)), DecodeErrorKind::MisplacedWallet);
        assert_eq!(with(3, signs(WALLET)), DecodeErrorKind::MisplacedWallet);
        assert_eq!(
            with(user + 1, reads(pool(61))),
            DecodeErrorKind::WrongAccounts
        );
        let mut longer = step.clone();
        longer.data.extend([0; 12]);
        assert_eq!(refusal(&[longer]), DecodeErrorKind::WrongData);
    }
    let mut broken = create();
    broken.data[12] = 0xff;
    assert_eq!(refusal(&[broken]), DecodeErrorKind::WrongData);
    assert_eq!(refusal(&[create_v2(&[2])]), DecodeErrorKind::WrongData);
}

#[test]
fn an_account_is_extended_and_an_accumulator_opened_at_a_cost_that_shows() {
    let extend = instruction(
        ID,
        5,
        &[(1, pays(WALLET)), (2, reads(ids::SYSTEM)), (4, reads(ID))],
        upkeep::EXTEND_ACCOUNT.to_be_bytes().to_vec(),
    );
    let accumulator = |user| {
        instruction(
            ID,
            6,
            &[(0, pays(WALLET)), (1, user), (5, reads(ID))],
            upkeep::INIT_ACCUMULATOR.to_be_bytes().to_vec(),
        )
    };
    for (step, units) in [(extend, 1_440_720), (accumulator(pays(WALLET)), 1_844_400)] {
        let effects = effects(&[step]).unwrap();
        assert!(matches!(effects[..], [Effect::RentDeposit { amount, .. }]
            if amount == Amount::from_base(units)));
    }
    let others = accumulator(reads(STRANGER));
    assert_eq!(refusal(&[others]), DecodeErrorKind::WrongAccounts);
}
