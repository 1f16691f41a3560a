use std::cell::RefCell;

use proptest::prelude::*;

use super::*;
use crate::hash::{EMPTY_ROOT, leaf_hash};
use crate::testlog::{Memory, leaves, path, root, subproof};
use crate::tree::{Fetched, Frontier, HashReader, MAX_SIZE, Tile, TreeError, tiles_for_frontier};

/// The inputs of the Certificate Transparency reference tree.
const INPUTS: [&str; 8] = [
    "",
    "00",
    "10",
    "2021",
    "3031",
    "40414243",
    "5051525354555657",
    "606162636465666768696a6b6c6d6e6f",
];

/// Its roots for 0 to 8 inputs (google/certificate-transparency, `merkle_tree_test.cc`).
const ROOTS: [&str; 9] = [
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
];

const A: &str = "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7";
const B: &str = "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e";
const C: &str = "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4";
const D: &str = "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b";
const E: &str = "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0";
const F: &str = "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a";

fn hash(text: &str) -> Hash {
    Hash(hex::decode(text).unwrap().try_into().unwrap())
}

fn reference() -> Memory {
    Memory::of(&INPUTS.map(|input| leaf_hash(&hex::decode(input).unwrap())))
}

#[test]
fn certificate_transparency_roots() {
    let mut frontier = Frontier::default();
    assert_eq!(frontier.root(), hash(ROOTS[0]));
    assert_eq!(frontier.root(), EMPTY_ROOT);
    for (leaf, expected) in reference().leaves.into_iter().zip(&ROOTS[1..]) {
        frontier.append(leaf);
        assert_eq!(frontier.root(), hash(expected));
    }
}

#[test]
fn certificate_transparency_inclusion_proofs() {
    let tree = reference();
    let cases: [(u64, u64, &[&str]); 5] = [
        (0, 1, &[]),
        (0, 8, &[A, B, C]),
        (5, 8, &[D, E, ROOTS[4]]),
        (2, 3, &[ROOTS[2]]),
        (1, 5, &[ROOTS[1], B, D]),
    ];
    for (index, size, expected) in cases {
        let proof: Vec<_> = expected.iter().map(|text| hash(text)).collect();
        assert_eq!(inclusion(&tree, index, size), Ok(proof.clone()));
        let (leaf, root) = (tree.leaves[index as usize], hash(ROOTS[size as usize]));
        assert_eq!(verify_inclusion(leaf, index, size, root, &proof), Ok(()));
    }
}

#[test]
fn certificate_transparency_consistency_proofs() {
    let tree = reference();
    let cases: [(u64, u64, &[&str]); 4] = [
        (1, 1, &[]),
        (1, 8, &[A, B, C]),
        (6, 8, &[F, E, ROOTS[4]]),
        (2, 5, &[B, D]),
    ];
    for (old, new, expected) in cases {
        let proof: Vec<_> = expected.iter().map(|text| hash(text)).collect();
        assert_eq!(consistency(&tree, old, new), Ok(proof.clone()));
        let roots = (hash(ROOTS[old as usize]), hash(ROOTS[new as usize]));
        assert_eq!(
            verify_consistency(old, roots.0, new, roots.1, &proof),
            Ok(())
        );
    }
}

#[test]
fn a_thousand_entries_have_the_root_that_python_computes() {
    let root = Memory::of(&leaves(0..1000)).frontier.root();
    assert_eq!(
        hex::encode(root.0),
        "346c6b9cb89c4b76fac9dcb20cda86e3a01c0a57417c139028eacd4538fde95b"
    );
}

#[test]
fn frontier_equals_the_naive_tree_at_every_size_to_600() {
    let all = leaves(0..600);
    let tree = Memory::of(&all);
    let mut frontier = Frontier::default();
    for (size, leaf) in all.iter().enumerate() {
        assert_eq!(frontier.root(), root(&all[..size]), "size {size}");
        assert_eq!(
            Frontier::load(&tree, size as u64).unwrap(),
            frontier,
            "size {size}"
        );
        frontier.append(*leaf);
    }
}

#[test]
fn proofs_equal_the_naive_ones_at_every_size_to_40_and_around_tile_edges() {
    let all = leaves(0..520);
    let tree = Memory::of(&all);
    let sizes = (1..40).chain(255..258).chain(511..514);
    for size in sizes {
        let whole = root(&all[..size]);
        // Every part of the small ones, every 17th of the large.
        let step = 1 + size / 256 * 16;
        for part in (0..size).step_by(step) {
            let proof = inclusion(&tree, part as u64, size as u64).unwrap();
            assert_eq!(proof, path(part, &all[..size]), "{part} in {size}");
            assert_eq!(
                verify_inclusion(all[part], part as u64, size as u64, whole, &proof),
                Ok(())
            );
            let proof = consistency(&tree, part as u64, size as u64).unwrap();
            let old = root(&all[..part]);
            if part > 0 {
                assert_eq!(
                    proof,
                    subproof(part, &all[..size], true),
                    "{part} to {size}"
                );
            }
            assert_eq!(
                verify_consistency(part as u64, old, size as u64, whole, &proof),
                Ok(())
            );
        }
    }
}

/// The tree of the `tlog_tiles` crate, an independent implementation.
#[derive(Default)]
struct Stored(RefCell<Vec<tlog_tiles::Hash>>);

impl tlog_tiles::HashReader for Stored {
    fn read_hashes(&self, indexes: &[u64]) -> Result<Vec<tlog_tiles::Hash>, tlog_tiles::Error> {
        Ok(indexes
            .iter()
            .map(|index| self.0.borrow()[*index as usize])
            .collect())
    }
}

#[test]
fn tree_and_proofs_equal_those_of_tlog_tiles_to_100_000_entries() {
    let all = leaves(0..100_000);
    let (mut tree, stored) = (Memory::default(), Stored::default());
    for (index, leaf) in all.iter().enumerate() {
        tree.push(*leaf);
        let theirs = tlog_tiles::Hash(leaf.0);
        let new = tlog_tiles::stored_hashes_for_record_hash(index as u64, theirs, &stored);
        stored.0.borrow_mut().extend(new.unwrap());
        if index % 9_973 != 0 && index + 1 != all.len() {
            continue;
        }
        let size = index as u64 + 1;
        let our_root = tree.frontier.root();
        assert_eq!(our_root.0, tlog_tiles::tree_hash(size, &stored).unwrap().0);
        for part in [0, size / 3, size - 1] {
            let ours = inclusion(&tree, part, size).unwrap();
            let theirs = tlog_tiles::prove_record(size, part, &stored).unwrap();
            assert_eq!(
                raw(&ours),
                theirs.iter().map(|hash| hash.0).collect::<Vec<_>>()
            );
            let ours = consistency(&tree, part + 1, size).unwrap();
            let theirs = tlog_tiles::prove_tree(size, part + 1, &stored).unwrap();
            assert_eq!(
                raw(&ours),
                theirs.iter().map(|hash| hash.0).collect::<Vec<_>>()
            );
            let old = root(&all[..=part as usize]);
            assert_eq!(
                verify_consistency(part + 1, old, size, our_root, &ours),
                Ok(())
            );
        }
    }
    assert_eq!(tree.nodes.len(), 390 + 1);
}

fn raw(hashes: &[Hash]) -> Vec<[u8; 32]> {
    hashes.iter().map(|hash| hash.0).collect()
}

#[test]
fn nodes_come_when_256_or_65_536_entries_are_complete() {
    let mut frontier = Frontier::default();
    let all = leaves(0..65_536);
    for (index, leaf) in all.iter().enumerate() {
        let nodes = frontier.append(*leaf);
        let levels: Vec<_> = nodes.iter().map(|node| (node.level, node.index)).collect();
        match index + 1 {
            65_536 => assert_eq!(levels, [(1, 255), (2, 0)]),
            size if size % 256 == 0 => assert_eq!(levels, [(1, size as u64 / 256 - 1)]),
            _ => assert!(levels.is_empty()),
        }
        for node in nodes {
            let span = 256_usize.pow(node.level.into());
            let from = node.index as usize * span;
            assert_eq!(node.hash, root(&all[from..from + span]));
        }
    }
}

#[test]
fn reads_stay_logarithmic() {
    let size = 100_000_000_000;
    for tiles in [
        tiles_for_frontier(size),
        tiles_for_inclusion(12_345_678, size),
        tiles_for_consistency(12_345_678_901, size),
    ] {
        assert!(!tiles.is_empty() && tiles.len() <= 10, "{tiles:?}");
        let mut unique = tiles.clone();
        unique.sort();
        unique.dedup();
        assert_eq!(unique.len(), tiles.len(), "a tile is read once");
        assert!(
            tiles
                .iter()
                .all(|tile| tile.range().end <= size >> (8 * u32::from(tile.level)))
        );
    }
    assert!(tiles_for_frontier(0).is_empty());
    assert!(tiles_for_inclusion(5, 5).is_empty());
}

#[test]
fn fetched_tiles_answer_like_the_store() {
    let tree = Memory::of(&leaves(0..70_000));
    let mut fetched = Fetched::default();
    let needed = tiles_for_inclusion(300, 66_000)
        .into_iter()
        .chain(tiles_for_consistency(65_000, 70_000))
        .chain(tiles_for_frontier(70_000));
    for tile in needed {
        fetched.insert(tile, tree.read(tile).unwrap());
    }
    assert_eq!(
        inclusion(&fetched, 300, 66_000).unwrap(),
        inclusion(&tree, 300, 66_000).unwrap()
    );
    let (ours, theirs) = (
        consistency(&fetched, 65_000, 70_000),
        consistency(&tree, 65_000, 70_000),
    );
    assert_eq!(ours.unwrap(), theirs.unwrap());
    assert_eq!(Frontier::load(&fetched, 70_000).unwrap(), tree.frontier);
    assert!(matches!(
        inclusion(&fetched, 9_000, 66_000),
        Err(TreeError::Read(_))
    ));
}

#[test]
fn a_damaged_store_is_an_error() {
    struct Short(Memory);
    impl HashReader for Short {
        type Error = Tile;
        fn read(&self, tile: Tile) -> Result<Vec<Hash>, Tile> {
            let mut hashes = self.0.read(tile)?;
            hashes.pop();
            Ok(hashes)
        }
    }
    let mut tree = Memory::of(&leaves(0..1000));
    assert!(matches!(inclusion(&tree, 3, 1001), Err(TreeError::Read(_))));
    tree.nodes.remove(&(1, 1));
    assert!(matches!(inclusion(&tree, 3, 1000), Err(TreeError::Read(_))));
    assert!(matches!(
        Frontier::load(&tree, 1000),
        Err(TreeError::Read(_))
    ));
    let short = Short(Memory::of(&leaves(0..100)));
    assert!(matches!(
        inclusion(&short, 3, 100),
        Err(TreeError::Short { got: 99, .. })
    ));
}

#[test]
fn questions_out_of_range_are_refused() {
    let tree = Memory::of(&leaves(0..10));
    assert!(matches!(
        inclusion(&tree, 10, 10),
        Err(TreeError::OutOfRange { .. })
    ));
    assert!(matches!(
        inclusion(&tree, 0, 0),
        Err(TreeError::OutOfRange { .. })
    ));
    assert!(matches!(
        inclusion(&tree, 0, MAX_SIZE + 1),
        Err(TreeError::OutOfRange { .. })
    ));
    assert!(matches!(
        consistency(&tree, 11, 10),
        Err(TreeError::OutOfRange { .. })
    ));
    assert!(matches!(
        consistency(&tree, 1, u64::MAX),
        Err(TreeError::OutOfRange { .. })
    ));
    assert!(matches!(
        Frontier::load(&tree, u64::MAX),
        Err(TreeError::OutOfRange { .. })
    ));
    let zero = Hash([0; 32]);
    assert!(matches!(
        verify_inclusion(zero, 5, 5, zero, &[]),
        Err(ProofError::OutOfRange { .. })
    ));
    assert!(matches!(
        verify_consistency(6, zero, 5, zero, &[]),
        Err(ProofError::OutOfRange { .. })
    ));
    assert!(
        verify_consistency(0, zero, 5, zero, &[]).is_err(),
        "the empty tree has one root"
    );
}

/// Changes a proof so that it differs.
fn mutated(proof: &[Hash], how: u8, at: usize, bit: u8) -> Vec<Hash> {
    let mut proof = proof.to_vec();
    match how % 4 {
        _ if proof.is_empty() => proof.push(Hash([bit; 32])),
        0 => {
            let at = at % proof.len();
            proof[at].0[usize::from(bit / 8)] ^= 1 << (bit % 8);
        }
        1 => drop(proof.remove(at % proof.len())),
        2 => proof.insert(at % (proof.len() + 1), Hash([bit; 32])),
        _ => proof.push(proof[at % proof.len()]),
    }
    proof
}

proptest! {
    #[test]
    fn good_proofs_verify_and_changed_ones_do_not(
        size in 2_usize..700, part in any::<proptest::sample::Index>(),
        how in any::<u8>(), at in 0_usize..20, bit in any::<u8>(),
    ) {
        let all = leaves(0..size);
        let tree = Memory::of(&all);
        let (index, whole, n) = (part.index(size), tree.frontier.root(), size as u64);
        let proof = inclusion(&tree, index as u64, n).unwrap();
        let leaf = all[index];
        prop_assert!(verify_inclusion(leaf, index as u64, n, whole, &proof).is_ok());
        let bad = mutated(&proof, how, at, bit);
        prop_assert!(verify_inclusion(leaf, index as u64, n, whole, &bad).is_err());
        let other = all[(index + 1) % size];
        prop_assert!(verify_inclusion(other, index as u64, n, whole, &proof).is_err());
        let elsewhere = ((index + 1) % size) as u64;
        prop_assert!(verify_inclusion(leaf, elsewhere, n, whole, &proof).is_err());
        prop_assert!(verify_inclusion(leaf, index as u64, n, Hash([bit; 32]), &proof).is_err());

        let old = index.max(1);
        let old_root = root(&all[..old]);
        let proof = consistency(&tree, old as u64, n).unwrap();
        prop_assert!(verify_consistency(old as u64, old_root, n, whole, &proof).is_ok());
        let bad = mutated(&proof, how, at, bit);
        prop_assert!(verify_consistency(old as u64, old_root, n, whole, &bad).is_err());
        prop_assert!(verify_consistency(old as u64, Hash([bit; 32]), n, whole, &proof).is_err());
        prop_assert!(verify_consistency(old as u64, old_root, n, Hash([bit; 32]), &proof).is_err());
    }

    #[test]
    fn arbitrary_proofs_never_panic(
        sizes in any::<(u64, u64)>(), hashes in proptest::collection::vec(any::<[u8; 32]>(), 0..70),
    ) {
        let proof: Vec<_> = hashes.into_iter().map(Hash).collect();
        let zero = Hash([0; 32]);
        prop_assert!(verify_inclusion(zero, sizes.0, sizes.1, zero, &proof).is_err());
        prop_assert!(verify_consistency(sizes.0, zero, sizes.1, zero, &proof).is_err() || sizes.0 == sizes.1);
        let _ = tiles_for_inclusion(sizes.0, sizes.1);
        let _ = tiles_for_consistency(sizes.0, sizes.1);
        let _ = tiles_for_frontier(sizes.0);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]

    #[test]
    fn a_random_large_tree_equals_the_naive_one(size in 1_usize..100_000) {
        let all = leaves(0..size);
        let tree = Memory::of(&all);
        prop_assert_eq!(tree.frontier.root(), root(&all));
        prop_assert_eq!(&Frontier::load(&tree, size as u64).unwrap(), &tree.frontier);
        let earlier = size as u64 / 2;
        prop_assert_eq!(Frontier::load(&tree, earlier).unwrap().root(), root(&all[..size / 2]));
    }
}
