//! Reading a request's body within bounds.

use std::time::Duration;

use axum::body::{Body, HttpBody as _};
use http_body_util::BodyExt as _;
use hyper::body::Bytes;

use super::budget::{Held, NoRoom};

/// Why a body was not read to its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BodyError {
    /// Larger than allowed.
    #[error("expected a body of at most {most} bytes")]
    TooLarge {
        /// What is allowed.
        most: usize,
    },
    /// Not there in time.
    #[error("expected the whole body within {}s", within.as_secs_f32())]
    TooSlow {
        /// What is allowed.
        within: Duration,
    },
    /// Too much is in memory already.
    #[error("there is no room for the body")]
    NoRoom(NoRoom),
    /// The connection broke or the framing is wrong.
    #[error("the body could not be read")]
    Broken,
}

/// What becomes of the rest of a body that is too large.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Overrun {
    /// It is not read.
    Leave,
    /// It is read and thrown away, within bounds. A connection that ends, or an HTTP/2 stream that is
    /// reset, while its client still sends, takes the answer along with many clients.
    Discard,
}

/// Bytes that are thrown away at most.
const DISCARDED: usize = 64 * 1024 * 1024;

/// How long that may take.
const DISCARD_TIME: Duration = Duration::from_secs(10);

/// Reads a whole body of at most `most` bytes within `within`, as far as there is room for it.
///
/// # Errors
/// [`BodyError`]; overruns are counted.
pub async fn read_body(
    mut body: Body,
    most: usize,
    within: Duration,
    overrun: Overrun,
    held: &mut Held,
) -> Result<Bytes, BodyError> {
    let announced = usize::try_from(body.size_hint().lower()).unwrap_or(usize::MAX);
    let read = if announced > most {
        Err(BodyError::TooLarge { most })
    } else {
        let collected = tokio::time::timeout(within, collect(&mut body, most, held)).await;
        collected.unwrap_or_else(|_| {
            metrics::counter!("countersign_timeouts_total", "kind" => "body").increment(1);
            Err(BodyError::TooSlow { within })
        })
    };
    if read.is_err() {
        held.drop_body();
    }
    let more_may_come = matches!(read, Err(BodyError::TooLarge { .. } | BodyError::NoRoom(_)));
    if more_may_come && overrun == Overrun::Discard {
        spend_body(body).await;
    }
    read
}

/// Reads a body and throws it away, within bounds. Answers how many bytes it had until then.
pub async fn spend_body(mut body: Body) -> usize {
    let mut discarded = 0;
    let _too_slow = tokio::time::timeout(DISCARD_TIME, discard(&mut body, &mut discarded)).await;
    discarded
}

/// The whole body. What is kept is a copy: a piece, however small, keeps alive the buffer that it
/// was received in.
async fn collect(body: &mut Body, most: usize, held: &mut Held) -> Result<Bytes, BodyError> {
    let mut whole = Vec::new();
    while let Some(more) = next(body).await.map_err(|_| BodyError::Broken)? {
        if more.len() > most.saturating_sub(whole.len()) {
            return Err(BodyError::TooLarge { most });
        }
        grow(&mut whole, more.len(), most, held)?;
        whole.extend_from_slice(&more);
    }
    Ok(whole.into())
}

/// Makes room for `more` bytes, and takes as much as is allocated for it.
fn grow(whole: &mut Vec<u8>, more: usize, most: usize, held: &mut Held) -> Result<(), BodyError> {
    let needed = whole.len().saturating_add(more);
    if needed <= whole.capacity() {
        return Ok(());
    }
    let capacity = whole.capacity().saturating_mul(2).min(most).max(needed);
    held.take(capacity.saturating_sub(whole.capacity()))
        .map_err(BodyError::NoRoom)?;
    whole.reserve_exact(capacity.saturating_sub(whole.len()));
    Ok(())
}

async fn discard(body: &mut Body, discarded: &mut usize) {
    while let Ok(Some(bytes)) = next(body).await {
        *discarded = discarded.saturating_add(bytes.len());
        if *discarded > DISCARDED {
            return;
        }
    }
}

/// The next piece of data; trailers are none.
async fn next(body: &mut Body) -> Result<Option<Bytes>, axum::Error> {
    while let Some(frame) = body.frame().await.transpose()? {
        if let Ok(data) = frame.into_data() {
            return Ok(Some(data));
        }
    }
    Ok(None)
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;
    use std::pin::Pin;
    use std::task::{Context, Poll};

    use hyper::body::Frame;

    use super::*;

    async fn read(
        body: Body,
        most: usize,
        within: Duration,
        overrun: Overrun,
    ) -> Result<Bytes, BodyError> {
        read_body(body, most, within, overrun, &mut Held::uncounted()).await
    }

    const SECOND: Duration = Duration::from_secs(1);

    /// Gives its pieces one at a time, announces nothing, then ends or hangs.
    struct Pieces {
        left: usize,
        hangs: bool,
    }

    impl axum::body::HttpBody for Pieces {
        type Data = Bytes;
        type Error = Infallible;

        fn poll_frame(
            mut self: Pin<&mut Self>,
            _: &mut Context<'_>,
        ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
            if self.left == 0 {
                return if self.hangs {
                    Poll::Pending
                } else {
                    Poll::Ready(None)
                };
            }
            self.left -= 1;
            Poll::Ready(Some(Ok(Frame::data(Bytes::from_static(b"0123456789")))))
        }
    }

    fn pieces(left: usize, hangs: bool) -> Body {
        Body::new(Pieces { left, hangs })
    }

    #[tokio::test]
    async fn a_body_that_just_fits_is_read() {
        let leave = Overrun::Leave;
        let whole = read(Body::from("ten bytes!"), 10, SECOND, leave).await;
        assert_eq!(whole.unwrap(), "ten bytes!");
        assert_eq!(
            read(pieces(3, false), 30, SECOND, leave)
                .await
                .unwrap()
                .len(),
            30
        );
    }

    #[tokio::test]
    async fn too_large_is_refused_whether_announced_or_not() {
        let refused = Err(BodyError::TooLarge { most: 9 });
        assert_eq!(
            read(Body::from("ten bytes!"), 9, SECOND, Overrun::Leave).await,
            refused
        );
        let leave = read(pieces(1, true), 9, SECOND, Overrun::Leave).await;
        assert_eq!(leave, refused);
        let discard = read(pieces(100, false), 9, SECOND, Overrun::Discard).await;
        assert_eq!(discard, refused);
    }

    #[tokio::test]
    async fn a_body_that_never_ends_is_given_up() {
        let within = Duration::from_millis(20);
        assert_eq!(
            read(pieces(1, true), 99, within, Overrun::Discard).await,
            Err(BodyError::TooSlow { within })
        );
    }
}
