//! Someone with the PIN and a session of their own, in the same process.

use countersign_hsm::ceremony::{create, load, loose};
use countersign_hsm::{Device, KeyId, KeyRef, KeyRole, KeyType, Material, Pkcs11Device, StoredKey};
use cryptoki::mechanism::{Mechanism, MechanismType};
use cryptoki::object::{Attribute, AttributeType, KeyType as CkKeyType, ObjectClass, ObjectHandle};
use cryptoki::session::Session;

use crate::token::{Backdoor, config, device, on_fresh_token};

fn find(session: &Session, template: &[Attribute]) -> Vec<ObjectHandle> {
    session.find_objects(template).unwrap()
}

fn private_and_secret(session: &Session) -> Vec<ObjectHandle> {
    [ObjectClass::PRIVATE_KEY, ObjectClass::SECRET_KEY]
        .into_iter()
        .flat_map(|class| find(session, &[Attribute::Class(class)]))
        .collect()
}

/// A device with its role keys, a resident wallet key, and an opened key of both other custodies.
fn busy() -> (Pkcs11Device, Vec<KeyRef>) {
    let device = device();
    create(&device, &KeyRole::expected(true, true)).unwrap();
    let id = KeyId::from_bytes([7; 16]);
    let public = device
        .key_admin()
        .unwrap()
        .generate(&id, "wallet", KeyType::Ed25519)
        .unwrap();
    let resident = KeyRef {
        id,
        public,
        material: Material::Resident,
    };
    let StoredKey { blob, public } = device
        .key_wrap()
        .unwrap()
        .generate_wrapped(KeyType::Secp256k1)
        .unwrap();
    let wrapped = KeyRef {
        id: KeyId::from_bytes([8; 16]),
        public,
        material: Material::Wrapped(blob),
    };
    let id = KeyId::from_bytes([9; 16]);
    let StoredKey { blob, public } = device
        .envelope()
        .unwrap()
        .generate(&id, KeyType::Ed25519)
        .unwrap();
    let envelope = KeyRef {
        id,
        public,
        material: Material::Envelope(blob),
    };
    let id = KeyId::from_bytes([10; 16]);
    let outside = zeroize::Zeroizing::new([11; 32]);
    let public = device
        .key_admin()
        .unwrap()
        .import(&id, "wallet", KeyType::Ed25519, outside)
        .unwrap();
    let imported = KeyRef {
        id,
        public,
        material: Material::Resident,
    };
    let keys = vec![resident, wrapped, envelope, imported];
    let mut session = device.connect().unwrap();
    for key in &keys {
        session.sign(key, &[1; 32]).unwrap();
    }
    (device, keys)
}

#[test]
fn inv09_no_key_can_be_read_wrapped_out_or_loosened() {
    on_fresh_token(
        "attack::inv09_no_key_can_be_read_wrapped_out_or_loosened",
        || {
            let (_device, _keys) = busy();
            let backdoor = Backdoor::new();
            let session = backdoor.session();
            let targets = private_and_secret(&session);
            // Six roles, a wallet, an imported one, the two opened keys, and the canary's opened
            // envelope.
            assert_eq!(targets.len(), 11);
            let own = session
                .generate_key(
                    &Mechanism::AesKeyGen,
                    &[
                        Attribute::ValueLen(32.into()),
                        Attribute::Wrap(true),
                        Attribute::Token(false),
                    ],
                )
                .unwrap();
            let wrapping = role(&session, KeyRole::Wrapping);
            for target in targets {
                let read = session
                    .get_attributes(target, &[AttributeType::Value])
                    .unwrap();
                assert!(
                    read.iter().all(|told| *told == Attribute::Value(vec![])),
                    "{read:?}"
                );
                for by in [own, wrapping] {
                    for mechanism in [Mechanism::AesKeyWrap, Mechanism::AesKeyWrapPad] {
                        assert!(session.wrap_key(&mechanism, by, target).is_err());
                    }
                }
                for loose in [Attribute::Extractable(true), Attribute::Sensitive(false)] {
                    assert!(
                        session
                            .update_attributes(target, std::slice::from_ref(&loose))
                            .is_err()
                    );
                    let copy = [loose, Attribute::Token(false)];
                    assert!(session.copy_object(target, &copy).is_err());
                }
            }
        },
    );
}

#[test]
fn no_wrapped_key_can_be_opened_for_anything_but_signing() {
    on_fresh_token(
        "attack::no_wrapped_key_can_be_opened_for_anything_but_signing",
        || {
            let (_device, keys) = busy();
            let Material::Wrapped(blob) = &keys[1].material else {
                panic!("not wrapped")
            };
            let backdoor = Backdoor::new();
            let session = backdoor.session();
            let wrapping = role(&session, KeyRole::Wrapping);
            let signing = || {
                vec![
                    Attribute::Class(ObjectClass::PRIVATE_KEY),
                    Attribute::KeyType(cryptoki::object::KeyType::EC),
                    Attribute::Token(false),
                    Attribute::Private(true),
                    Attribute::Sensitive(true),
                    Attribute::Extractable(false),
                    Attribute::Sign(true),
                    Attribute::SignRecover(false),
                    Attribute::Decrypt(false),
                    Attribute::Unwrap(false),
                    Attribute::Derive(false),
                ]
            };
            let unwrap = |template: &[Attribute]| {
                session.unwrap_key(&Mechanism::AesKeyWrapPad, wrapping, blob, template)
            };
            assert!(unwrap(&signing()).is_ok());
            for at in 2..signing().len() {
                let mut without = signing();
                let left_out = without.remove(at);
                if let Ok(opened) = unwrap(&without) {
                    // The module's own default is the strict one.
                    let told = session
                        .get_attributes(opened, &[left_out.attribute_type()])
                        .unwrap();
                    assert_eq!(told, std::slice::from_ref(&left_out));
                }
                let mut turned = signing();
                turned[at] = turn(&left_out);
                assert!(unwrap(&turned).is_err(), "with {:?}", turned[at]);
            }
            // As a generic secret its bytes would be readable.
            let secret = [
                Attribute::Class(ObjectClass::SECRET_KEY),
                Attribute::KeyType(cryptoki::object::KeyType::GENERIC_SECRET),
                Attribute::Sensitive(false),
                Attribute::Extractable(true),
            ];
            assert!(unwrap(&secret).is_err());
            for mechanism in [Mechanism::AesEcb, Mechanism::AesKeyWrapPad] {
                assert!(session.decrypt(&mechanism, wrapping, blob).is_err());
            }
        },
    );
}

fn turn(attribute: &Attribute) -> Attribute {
    match attribute {
        Attribute::Token(on) => Attribute::Token(!on),
        Attribute::Private(on) => Attribute::Private(!on),
        Attribute::Sensitive(on) => Attribute::Sensitive(!on),
        Attribute::Extractable(on) => Attribute::Extractable(!on),
        Attribute::Sign(on) => Attribute::Sign(!on),
        Attribute::SignRecover(on) => Attribute::SignRecover(!on),
        Attribute::Decrypt(on) => Attribute::Decrypt(!on),
        Attribute::Unwrap(on) => Attribute::Unwrap(!on),
        Attribute::Derive(on) => Attribute::Derive(!on),
        other => panic!("unexpected {other:?}"),
    }
}

#[test]
fn a_key_does_only_its_one_job() {
    on_fresh_token("attack::a_key_does_only_its_one_job", || {
        let (_device, _keys) = busy();
        let backdoor = Backdoor::new();
        let jobs = [
            (KeyRole::RowMac, Mechanism::Sha256Hmac),
            (KeyRole::Ca, Mechanism::Ecdsa),
            (KeyRole::Wrapping, Mechanism::Sha256Hmac),
            (KeyRole::Envelope, Mechanism::Sha256Hmac),
            (KeyRole::Import, Mechanism::Sha256RsaPkcs),
            (KeyRole::Import, Mechanism::RsaPkcs),
        ];
        for (of, mechanism) in jobs {
            // A session each, as a refused call may leave an operation active.
            let session = backdoor.session();
            let signs = session
                .sign(&mechanism, role(&session, of), &[1; 32])
                .is_ok();
            assert_eq!(signs, matches!(of, KeyRole::RowMac | KeyRole::Ca), "{of}");
        }
        for of in [KeyRole::Wrapping, KeyRole::RowMac, KeyRole::Envelope] {
            let session = backdoor.session();
            let encrypted = session.encrypt(&Mechanism::AesEcb, role(&session, of), &[0; 16]);
            assert!(encrypted.is_err(), "{of}");
        }
        // Without padding whoever has the PIN could sign and unseal with it at will.
        for mechanism in [Mechanism::RsaPkcs, Mechanism::RsaX509] {
            let session = backdoor.session();
            let import = role(&session, KeyRole::Import);
            assert!(session.decrypt(&mechanism, import, &[1; 384]).is_err());
        }
    });
}

#[test]
fn a_public_object_that_was_swapped_fools_nobody() {
    on_fresh_token(
        "attack::a_public_object_that_was_swapped_fools_nobody",
        || {
            let device = device();
            let mut admin = device.key_admin().unwrap();
            let ids = [[1; 16], [2; 16]].map(KeyId::from_bytes);
            let publics = ids.map(|id| admin.generate(&id, "wallet", KeyType::Ed25519).unwrap());
            let backdoor = Backdoor::new();
            let session = backdoor.session();
            let public = |id: &KeyId| {
                let template = [
                    Attribute::Class(ObjectClass::PUBLIC_KEY),
                    Attribute::Id(id.as_bytes().to_vec()),
                ];
                find(&session, &template)[0]
            };
            let (one, two) = (public(&ids[0]), public(&ids[1]));
            session.destroy_object(one).unwrap();
            // Those of the appliance cannot be given another name; a new one can be put there.
            let name = Attribute::Id(ids[0].as_bytes().to_vec());
            session
                .update_attributes(two, std::slice::from_ref(&name))
                .unwrap_err();
            let point = [&[0x04, 32], publics[1].bytes()].concat();
            let planted = [
                Attribute::Class(ObjectClass::PUBLIC_KEY),
                Attribute::Token(true),
                Attribute::Private(false),
                Attribute::KeyType(CkKeyType::EC_EDWARDS),
                Attribute::EcParams(vec![0x06, 0x03, 0x2b, 0x65, 0x70]),
                Attribute::EcPoint(point),
                name,
            ];
            session.create_object(&planted).unwrap();
            let mut worker = device.connect().unwrap();
            assert_eq!(worker.public_key(&ids[0]).unwrap(), publics[1]);
            let fooled = KeyRef {
                id: ids[0],
                public: publics[1].clone(),
                material: Material::Resident,
            };
            let error = worker.sign(&fooled, b"message").unwrap_err();
            assert!(error.to_string().contains("another public key"), "{error}");
            let right = KeyRef {
                public: publics[0].clone(),
                ..fooled
            };
            assert!(worker.sign(&right, b"message").is_ok());
        },
    );
}

#[test]
fn opened_keys_are_bounded_by_the_cache() {
    on_fresh_token("attack::opened_keys_are_bounded_by_the_cache", || {
        let (device, _keys) = busy();
        let mut envelope = device.envelope().unwrap();
        let mut worker = device.connect().unwrap();
        for n in 0..40 {
            let id = KeyId::from_bytes([n + 100; 16]);
            let stored = envelope.generate(&id, KeyType::Ed25519).unwrap();
            let material = Material::Envelope(stored.blob);
            worker
                .sign(
                    &KeyRef {
                        id,
                        public: stored.public,
                        material,
                    },
                    b"message",
                )
                .unwrap();
        }
        let session = Backdoor::new().session();
        let opened = [
            Attribute::Class(ObjectClass::PRIVATE_KEY),
            Attribute::Token(false),
        ];
        assert_eq!(find(&session, &opened).len(), config().cache_size.get());
    });
}

fn role(session: &Session, role: KeyRole) -> ObjectHandle {
    let keys = [
        Attribute::Label(role.label().into()),
        Attribute::Private(true),
    ];
    match find(session, &keys).as_slice() {
        [key] => *key,
        other => panic!("{role}: {other:?}"),
    }
}

#[test]
fn keys_are_made_not_to_be_modified_copied_or_destroyed() {
    on_fresh_token(
        "attack::keys_are_made_not_to_be_modified_copied_or_destroyed",
        || {
            let (device, keys) = busy();
            let roles = KeyRole::expected(true, true);
            assert_eq!(loose(&device, &roles).unwrap(), Vec::<String>::new());
            let backdoor = Backdoor::new();
            let session = backdoor.session();
            let of_role = |handle: ObjectHandle| {
                let told = session.get_attributes(handle, &[AttributeType::Id]);
                let Ok([Attribute::Id(id)]) = told.as_deref() else {
                    panic!("no id");
                };
                let id = KeyId::from_bytes(id.as_slice().try_into().unwrap());
                KeyRole::of(&id).is_some()
            };
            let mut seen = 0;
            for class in [
                ObjectClass::PRIVATE_KEY,
                ObjectClass::SECRET_KEY,
                ObjectClass::PUBLIC_KEY,
            ] {
                let template = [Attribute::Class(class), Attribute::Token(true)];
                for handle in find(&session, &template) {
                    let wanted = [
                        AttributeType::Modifiable,
                        AttributeType::Copyable,
                        AttributeType::Destroyable,
                    ];
                    let told = session.get_attributes(handle, &wanted).unwrap();
                    let destroyable = !of_role(handle);
                    let fixed = [
                        Attribute::Modifiable(false),
                        Attribute::Copyable(false),
                        Attribute::Destroyable(destroyable),
                    ];
                    assert_eq!(told, fixed);
                    let derive = [Attribute::Derive(true)];
                    assert!(session.update_attributes(handle, &derive).is_err());
                    assert!(session.copy_object(handle, &[]).is_err());
                    if !destroyable {
                        assert!(session.destroy_object(handle).is_err());
                    }
                    if class == ObjectClass::PUBLIC_KEY {
                        let uses = [AttributeType::Wrap, AttributeType::Encrypt];
                        let told = session.get_attributes(handle, &uses).unwrap();
                        assert_eq!(told[0], Attribute::Wrap(false));
                    }
                    seen += 1;
                }
            }
            // Six roles and two wallets, five of them pairs.
            assert_eq!(seen, 13);
            let mut admin = device.key_admin().unwrap();
            assert!(admin.destroy(&KeyRole::Ca.id()).is_err());
            // A wallet's can be destroyed: by us, where it comes to have no wallet.
            admin.destroy(&keys[0].id).unwrap();
        },
    );
}

/// A token of an earlier build starts, and says what it lets be done.
#[test]
fn keys_of_an_earlier_build_are_accepted_and_named() {
    on_fresh_token(
        "attack::keys_of_an_earlier_build_are_accepted_and_named",
        || {
            let backdoor = Backdoor::new();
            let session = backdoor.session();
            let role = KeyRole::AuditLog;
            let named = [
                Attribute::Token(true),
                Attribute::Label(role.label().into()),
                Attribute::Id(role.id().as_bytes().to_vec()),
            ];
            let public = [
                Attribute::EcParams(vec![0x06, 0x03, 0x2b, 0x65, 0x70]),
                Attribute::Verify(true),
                Attribute::Private(false),
            ];
            let private = [
                Attribute::Private(true),
                Attribute::Sensitive(true),
                Attribute::Extractable(false),
                Attribute::Sign(true),
                Attribute::Decrypt(false),
                Attribute::Unwrap(false),
                Attribute::Derive(false),
                Attribute::AllowedMechanisms(vec![MechanismType::EDDSA]),
            ];
            session
                .generate_key_pair(
                    &Mechanism::EccEdwardsKeyPairGen,
                    &[named.as_slice(), &public].concat(),
                    &[named.as_slice(), &private].concat(),
                )
                .unwrap();
            let device = device();
            load(&device, &[role]).unwrap();
            let told = loose(&device, &[role]).unwrap().join("; ");
            for part in [
                "audit-log",
                "modifiable",
                "copyable",
                "destroyable",
                "wraps",
            ] {
                assert!(told.contains(part), "{told}");
            }
        },
    );
}
