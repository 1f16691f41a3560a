use countersign_hsm::simulator::Simulator;
use countersign_hsm::{Error, KeyId, KeyType, Material, PublicKey};

use super::*;
use crate::clock::SystemClock;

/// Signs as the simulator does, but for one input, whose signature is another's.
struct Faulty {
    inner: Box<dyn Backend>,
    wrong: u8,
}

impl Backend for Faulty {
    fn sign(&mut self, key: &KeyRef, input: &[u8]) -> Result<Signature, Error> {
        let swapped = input == [self.wrong];
        self.inner
            .sign(key, if swapped { b"something else" } else { input })
    }

    fn public_key(&mut self, id: &KeyId) -> Result<PublicKey, Error> {
        self.inner.public_key(id)
    }

    fn random(&mut self, out: &mut [u8]) -> Result<(), Error> {
        self.inner.random(out)
    }

    fn ping(&mut self) -> Result<(), Error> {
        self.inner.ping()
    }
}

fn job(input: u8, key: &Arc<KeyRef>) -> (Job, oneshot::Receiver<Attempt>) {
    let (answer, attempt) = oneshot::channel();
    let job = Job {
        input: SigningInput::from_decoder([input].as_slice().into(), 0),
        key: Arc::clone(key),
        claim: Arc::new(AtomicU8::new(QUEUED)),
        answer,
    };
    (job, attempt)
}

/// Whether each of so many signatures was found good, with or without somebody who verifies.
fn verified(count: u8, wrong: u8, idle_verifier: bool) -> Vec<bool> {
    let device = Simulator::default();
    let id = KeyId::from_bytes([7; 16]);
    let mut admin = device.key_admin().unwrap();
    let key = Arc::new(KeyRef {
        public: admin.generate(&id, "test", KeyType::Ed25519).unwrap(),
        id,
        material: Material::Resident,
    });
    let (queue, jobs) = crossbeam_channel::unbounded();
    let (verifier, handed_over) = crossbeam_channel::bounded(0);
    let attempts: Vec<_> = (0..count)
        .map(|input| {
            let (job, attempt) = job(input, &key);
            queue.send(job).unwrap();
            attempt
        })
        .collect();
    drop(queue);
    let verifying = idle_verifier
        .then(|| std::thread::spawn(move || handed_over.into_iter().for_each(release)));
    let inner = device.connect().unwrap();
    serve(
        Box::new(Faulty { inner, wrong }),
        &jobs,
        &verifier,
        &SystemClock::new(),
    );
    drop(verifier);
    if let Some(verifying) = verifying {
        verifying.join().unwrap();
    }
    attempts
        .into_iter()
        .map(|attempt| {
            let attempt = attempt.blocking_recv().unwrap();
            let signed = matches!(attempt.outcome, Outcome::Signed(_));
            assert_eq!(attempt.verified, Some(signed));
            signed
        })
        .collect()
}

#[test]
fn only_what_verifies_leaves_whoever_verifies_it() {
    for idle_verifier in [false, true] {
        for wrong in [0, 20, 99, 100] {
            let expected: Vec<bool> = (0..100).map(|input| input != wrong).collect();
            assert_eq!(verified(100, wrong, idle_verifier), expected);
        }
    }
}
