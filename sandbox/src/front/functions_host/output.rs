//! What a handler prints, kept in a file and shown to `tracing`.

use std::{
    fs::{File, OpenOptions},
    io::{self, Write},
    path::Path,
    sync::Arc,
};

use tokio::io::{AsyncRead, AsyncReadExt};

/// The file that both streams of a handler are appended to.
#[derive(Clone)]
pub(super) struct OutputLog {
    file: Arc<File>,
}

/// Longer lines are shown in pieces; the file has them whole.
const LINE_LIMIT: usize = 8 * 1024;

impl OutputLog {
    pub(super) fn open(path: &Path) -> io::Result<Self> {
        let file = OpenOptions::new().create(true).append(true).open(path)?;
        Ok(Self { file: Arc::new(file) })
    }
}

/// Copies until the stream ends, which it does when the last process that holds it ends.
pub(super) async fn copy_output(app: String, mut stream: impl AsyncRead + Unpin, log: OutputLog) {
    let mut line = Vec::with_capacity(LINE_LIMIT);
    let mut chunk = [0; 4096];
    loop {
        let read = match stream.read(&mut chunk).await {
            Ok(0) | Err(_) => break,
            Ok(read) => chunk.get(..read).unwrap_or_default(),
        };
        if let Err(error) = (&*log.file).write_all(read) {
            tracing::warn!(app, %error, "the handler's log cannot be written");
        }
        for byte in read {
            if *byte == b'\n' || line.len() == LINE_LIMIT {
                show(&app, &mut line);
            }
            if *byte != b'\n' {
                line.push(*byte);
            }
        }
    }
    show(&app, &mut line);
}

fn show(app: &str, line: &mut Vec<u8>) {
    if !line.is_empty() {
        tracing::debug!(target: "handler", app, "{}", String::from_utf8_lossy(line));
        line.clear();
    }
}
