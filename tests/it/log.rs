//! What the app logs, for the tests that read it.

use std::io;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, Once};

use tracing_subscriber::filter::dynamic_filter_fn;
use tracing_subscriber::layer::{Layer as _, SubscriberExt as _};
use tracing_subscriber::{fmt, registry};

static BEGIN: Once = Once::new();
static READERS: AtomicUsize = AtomicUsize::new(0);
static LINES: Mutex<Vec<u8>> = Mutex::new(Vec::new());

/// Everything that is logged in this process, by whichever test, for as long as this lives.
pub(crate) struct Log(());

impl Log {
    /// There is one subscriber for all threads: `tracing` remembers for each line of code whether anybody listens, and
    /// one that listens in a single thread is missed at times. While nobody reads, it costs next to nothing.
    pub(crate) fn read() -> Self {
        READERS.fetch_add(1, Ordering::SeqCst);
        BEGIN.call_once(|| {
            let reading = dynamic_filter_fn(|_, _| READERS.load(Ordering::SeqCst) > 0);
            let lines = fmt::layer().with_ansi(false).with_writer(|| Lines).with_filter(reading);
            let subscriber = registry().with(lines);
            tracing::subscriber::set_global_default(subscriber).unwrap();
        });
        // A line of code that was met before there was a subscriber is asked about again.
        tracing::callsite::rebuild_interest_cache();
        Self(())
    }

    /// Everything that was logged while anybody read.
    pub(crate) fn text(&self) -> String {
        String::from_utf8(LINES.lock().unwrap().clone()).unwrap()
    }
}

impl Drop for Log {
    fn drop(&mut self) {
        READERS.fetch_sub(1, Ordering::SeqCst);
    }
}

struct Lines;

impl io::Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        LINES.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
