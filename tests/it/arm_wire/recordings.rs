//! Recorded exchanges, one a line.

use std::path::PathBuf;

use serde::Deserialize;
use serde_json::Value;

#[derive(Deserialize)]
pub(crate) struct Exchange {
    /// The recording it is from, without its ending.
    #[serde(skip)]
    pub(crate) recording: String,
    pub(crate) method: String,
    pub(crate) path: String,
    pub(crate) request: Option<Value>,
    pub(crate) status: u16,
    pub(crate) response: Option<Value>,
}

/// Every recorded exchange, or `None` (said aloud) where no folder is given.
pub(crate) fn recordings() -> Option<Vec<Exchange>> {
    let Some(folder) = std::env::var_os("PEERPACT_RECORDINGS").map(PathBuf::from) else {
        println!("skipped: PEERPACT_RECORDINGS does not name the folder of recorded exchanges");
        return None;
    };
    let mut exchanges = Vec::new();
    let mut files: Vec<_> = std::fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    for file in files.iter().filter(|file| file.extension().is_some_and(|kind| kind == "jsonl")) {
        for line in std::fs::read_to_string(file).unwrap().lines() {
            let exchange: Exchange = serde_json::from_str(line).unwrap();
            let recording = file.file_stem().unwrap().to_str().unwrap().to_owned();
            exchanges.push(Exchange { recording, ..exchange });
        }
    }
    assert!(!exchanges.is_empty(), "no exchange in {}", folder.display());
    Some(exchanges)
}

impl Exchange {
    /// Whether its path ends with this type and a name.
    pub(crate) fn is_one(&self, kind: &str) -> bool {
        self.path.rsplit('/').nth(1).is_some_and(|segment| segment.eq_ignore_ascii_case(kind))
    }

    pub(crate) fn is_list(&self, kind: &str) -> bool {
        self.path.rsplit('/').next().is_some_and(|segment| segment.eq_ignore_ascii_case(kind))
    }

    pub(crate) fn body(&self) -> &Value {
        self.response.as_ref().unwrap()
    }

    pub(crate) fn has_body(&self) -> bool {
        self.status < 300 && self.response.as_ref().is_some_and(Value::is_object)
    }

    /// The resources of this type that it shows, alone or as a list.
    pub(crate) fn shown(&self, kind: &str) -> Vec<&Value> {
        if self.is_one(kind) && self.has_body() {
            vec![self.body()]
        } else if self.is_list(kind) {
            self.body()["value"].as_array().unwrap().iter().collect()
        } else {
            Vec::new()
        }
    }
}

pub(crate) fn texts(value: &Value) -> Vec<String> {
    value.as_array().unwrap().iter().map(|text| text.as_str().unwrap().to_owned()).collect()
}
