//! The thread that does everything with the token but signing for wallets: making keys, MACs of
//! rows, certificates, checkpoints, the anchor. It keeps slow work away from the signing threads.

use std::sync::Arc;
use std::thread::JoinHandle;

use countersign_hsm::{
    Backend, Capabilities, Device, Envelope, Error, KeyAdmin, KeyId, KeyImport, KeyRef, KeyWrap,
    Mac, MonotonicAnchor, Signature,
};
use crossbeam_channel::{Sender, TrySendError};
use tokio::sync::oneshot;

/// What the thread owns: one session for each ability.
#[allow(
    missing_debug_implementations,
    reason = "sessions have nothing to show"
)]
pub struct Desk {
    /// Signing with the appliance's own keys.
    pub backend: Box<dyn Backend>,
    /// Creating and inspecting keys.
    pub admin: Box<dyn KeyAdmin>,
    /// MACs of rows.
    pub mac: Box<dyn Mac>,
    /// What the token can do with which kinds of key.
    pub capabilities: Capabilities,
    /// Custody `wrapped`, where the token can wrap keys.
    pub wrap: Option<Box<dyn KeyWrap>>,
    /// Custody `envelope`, where the operator turned it on.
    pub envelope: Option<Box<dyn Envelope>>,
    /// What opens keys sealed to the token, where the operator turned importing on.
    pub import: Option<Box<dyn KeyImport>>,
    /// The token's own memory of the log, where it has one.
    pub anchor: Option<Box<dyn MonotonicAnchor>>,
}

type Task = Box<dyn FnOnce(&mut Desk) + Send>;

/// Handle of the thread.
#[derive(Debug, Clone)]
pub struct DeviceDesk {
    queue: Sender<Task>,
}

/// Tasks that may wait for the thread.
const QUEUE: usize = 1024;

/// Why a task was not done.
#[derive(Debug, thiserror::Error)]
pub enum DeskError {
    /// The device's own answer.
    #[error(transparent)]
    Device(#[from] Error),
    /// The queue is full.
    #[error("too much work waits for the HSM; try again in a moment")]
    Busy,
    /// The thread has ended.
    #[error("the HSM's thread has ended; restart the appliance")]
    Ended,
    /// The token cannot do this.
    #[error("{0}")]
    Lacking(&'static str),
}

impl DeviceDesk {
    /// Opens the sessions and starts the thread; it ends when the last handle is dropped.
    ///
    /// # Errors
    /// A token that cannot make keys or MACs, or refuses a session.
    pub fn start(device: &Arc<dyn Device>) -> Result<(Self, JoinHandle<()>), DeskError> {
        let mut desk = Desk {
            backend: device.connect()?,
            admin: device
                .key_admin()
                .ok_or(DeskError::Lacking("the token cannot make keys"))?,
            mac: device
                .mac()
                .ok_or(DeskError::Lacking("the token cannot make HMAC-SHA256"))?,
            capabilities: device.capabilities().clone(),
            wrap: device.key_wrap(),
            envelope: device.envelope(),
            import: device.key_import(),
            anchor: device.anchor(),
        };
        let (queue, tasks) = crossbeam_channel::bounded::<Task>(QUEUE);
        let thread = std::thread::Builder::new()
            .name("hsm-desk".to_owned())
            .spawn(move || {
                while let Ok(task) = tasks.recv() {
                    task(&mut desk);
                }
            })
            .map_err(|_| DeskError::Ended)?;
        Ok((Self { queue }, thread))
    }

    /// Runs `work` on the thread and waits for its answer.
    ///
    /// # Errors
    /// A full queue, an ended thread, or what `work` answers.
    pub async fn run<T, F>(&self, work: F) -> Result<T, DeskError>
    where
        T: Send + 'static,
        F: FnOnce(&mut Desk) -> Result<T, DeskError> + Send + 'static,
    {
        let (sender, answer) = oneshot::channel();
        self.enqueue(Box::new(move |desk| {
            let _asker_gave_up = sender.send(work(desk));
        }))?;
        answer.await.map_err(|_| DeskError::Ended)?
    }

    /// The same from a thread that may block, as certificate builders do.
    ///
    /// # Errors
    /// As [`DeviceDesk::run`].
    pub fn run_blocking<T, F>(&self, work: F) -> Result<T, DeskError>
    where
        T: Send + 'static,
        F: FnOnce(&mut Desk) -> Result<T, DeskError> + Send + 'static,
    {
        let (sender, answer) = crossbeam_channel::bounded(1);
        self.enqueue(Box::new(move |desk| {
            let _asker_gave_up = sender.send(work(desk));
        }))?;
        answer.recv().map_err(|_| DeskError::Ended)?
    }

    /// 16 random bytes from the token.
    ///
    /// # Errors
    /// As [`DeviceDesk::run`].
    pub async fn random_id(&self) -> Result<[u8; 16], DeskError> {
        self.run(|desk| {
            let mut bytes = [0_u8; 16];
            desk.backend.random(&mut bytes)?;
            Ok(bytes)
        })
        .await
    }

    /// Signs with one of the appliance's own keys.
    ///
    /// # Errors
    /// As [`DeviceDesk::run`].
    pub async fn sign(&self, key: KeyRef, input: Vec<u8>) -> Result<Signature, DeskError> {
        self.run(move |desk| Ok(desk.backend.sign(&key, &input)?))
            .await
    }

    /// Destroys a resident key whose wallet could not be recorded.
    pub async fn discard(&self, id: KeyId) {
        let destroyed = self.run(move |desk| Ok(desk.admin.destroy(&id)?)).await;
        if let Err(error) = destroyed {
            tracing::warn!(key = %id, %error, "a key that no wallet uses stays on the token");
        }
    }

    fn enqueue(&self, task: Task) -> Result<(), DeskError> {
        self.queue.try_send(task).map_err(|error| match error {
            TrySendError::Full(_) => DeskError::Busy,
            TrySendError::Disconnected(_) => DeskError::Ended,
        })
    }
}
