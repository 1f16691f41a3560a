//! Reading a request's body within bounds.

use std::time::Duration;

use axum::body::{Body, HttpBody as _};
use http_body_util::BodyExt as _;
use hyper::body::Bytes;

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

/// Reads a whole body of at most `most` bytes within `within`.
///
/// # Errors
/// [`BodyError`]; overruns are counted.
pub async fn read_body(
    mut body: Body,
    most: usize,
    within: Duration,
    overrun: Overrun,
) -> Result<Bytes, BodyError> {
    let announced = usize::try_from(body.size_hint().lower()).unwrap_or(usize::MAX);
    let read = if announced > most {
        Ok(None)
    } else {
        match tokio::time::timeout(within, collect(&mut body, most)).await {
            Ok(read) => read,
            Err(_) => {
                metrics::counter!("countersign_timeouts_total", "kind" => "body").increment(1);
                return Err(BodyError::TooSlow { within });
            }
        }
    };
    match read {
        Ok(Some(bytes)) => Ok(bytes),
        Ok(None) => {
            if overrun == Overrun::Discard {
                let _too_slow = tokio::time::timeout(DISCARD_TIME, discard(&mut body)).await;
            }
            Err(BodyError::TooLarge { most })
        }
        Err(_) => Err(BodyError::Broken),
    }
}

/// The whole body; `None` if it is larger.
async fn collect(body: &mut Body, most: usize) -> Result<Option<Bytes>, axum::Error> {
    let Some(first) = next(body).await? else {
        return Ok(Some(Bytes::new()));
    };
    if first.len() > most {
        return Ok(None);
    }
    // Most bodies come in one piece, which is not copied.
    let Some(mut more) = next(body).await? else {
        return Ok(Some(first));
    };
    let mut whole = first.to_vec();
    loop {
        if more.len() > most.saturating_sub(whole.len()) {
            return Ok(None);
        }
        whole.extend_from_slice(&more);
        match next(body).await? {
            Some(bytes) => more = bytes,
            None => return Ok(Some(whole.into())),
        }
    }
}

async fn discard(body: &mut Body) {
    let mut discarded = 0_usize;
    while let Ok(Some(bytes)) = next(body).await {
        discarded = discarded.saturating_add(bytes.len());
        if discarded > DISCARDED {
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
        let read = read_body(Body::from("ten bytes!"), 10, SECOND, leave).await;
        assert_eq!(read.unwrap(), "ten bytes!");
        assert_eq!(
            read_body(pieces(3, false), 30, SECOND, leave)
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
            read_body(Body::from("ten bytes!"), 9, SECOND, Overrun::Leave).await,
            refused
        );
        let leave = read_body(pieces(1, true), 9, SECOND, Overrun::Leave).await;
        assert_eq!(leave, refused);
        let discard = read_body(pieces(100, false), 9, SECOND, Overrun::Discard).await;
        assert_eq!(discard, refused);
    }

    #[tokio::test]
    async fn a_body_that_never_ends_is_given_up() {
        let within = Duration::from_millis(20);
        assert_eq!(
            read_body(pieces(1, true), 99, within, Overrun::Discard).await,
            Err(BodyError::TooSlow { within })
        );
    }
}
