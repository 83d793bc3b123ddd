//! Run records: what each key gave, who made it and when; and what is known about the work tree.

use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use rusqlite::{Connection, OptionalExtension, params};
use serde::{Deserialize, Serialize};

use super::StoreError;
use crate::digest::{Content, Memo, Seen};
use crate::fingerprint::{Key, Recipe};

/// What makes each version of the schema of the one before it; a new database takes all steps.
const STEPS: &[&str] = &[
    FIRST,
    "ALTER TABLE run ADD COLUMN outcome TEXT NOT NULL DEFAULT 'success'",
    "CREATE TABLE folder (sha256 TEXT PRIMARY KEY, members TEXT NOT NULL) WITHOUT ROWID",
];

const FIRST: &str = "
    CREATE TABLE run (
        id INTEGER PRIMARY KEY,
        key TEXT NOT NULL,
        stage TEXT NOT NULL,
        recipe TEXT NOT NULL,
        outputs TEXT NOT NULL,
        provenance TEXT NOT NULL,
        log TEXT NOT NULL
    );
    CREATE INDEX run_key ON run (key);
    CREATE INDEX run_stage ON run (stage);
    CREATE TABLE seen (
        path TEXT PRIMARY KEY,
        size INTEGER NOT NULL,
        modified INTEGER NOT NULL,
        changed INTEGER NOT NULL,
        taken INTEGER NOT NULL,
        inode INTEGER NOT NULL,
        sha256 TEXT NOT NULL,
        md5 TEXT NOT NULL
    ) WITHOUT ROWID;
    CREATE TABLE note (
        name TEXT PRIMARY KEY,
        value TEXT NOT NULL
    ) WITHOUT ROWID;
    CREATE TABLE placed (
        path TEXT PRIMARY KEY,
        sha256 TEXT NOT NULL
    ) WITHOUT ROWID;
";

/// How long one waits for others that write.
const PATIENCE: Duration = Duration::from_secs(60);

/// A write-ahead log survives a kill at any moment; readers don't wait for the writer.
///
/// Where several processes make the same new database, SQLite tells all but one at once that it is busy, whatever time-out was
/// set, since two that wait here for each other would wait for ever.
fn use_write_ahead_log(connection: &Connection) -> rusqlite::Result<()> {
    let begun = Instant::now();
    loop {
        match connection.pragma_update(None, "journal_mode", "WAL") {
            Err(error)
                if error.sqlite_error_code() == Some(rusqlite::ErrorCode::DatabaseBusy)
                    && begun.elapsed() < PATIENCE =>
            {
                std::thread::sleep(Duration::from_millis(5));
            }
            done => return done,
        }
    }
}

/// An output of a run: its path in the repository, and what was there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Artifact {
    pub path: String,
    pub content: Content,
}

/// How a run ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Outcome {
    Success,
    /// Its command failed, or what it made can't be kept.
    Failed,
    /// The user stopped it.
    Interrupted,
}

impl Outcome {
    pub fn word(self) -> &'static str {
        match self {
            Outcome::Success => "success",
            Outcome::Failed => "failed",
            Outcome::Interrupted => "interrupted",
        }
    }

    pub(super) fn of(word: &str) -> Self {
        match word {
            "success" => Outcome::Success,
            "interrupted" => Outcome::Interrupted,
            _ => Outcome::Failed,
        }
    }
}

/// A run of a stage that has ended.
#[derive(Debug, Clone)]
pub struct Run {
    pub stage: String,
    pub outcome: Outcome,
    pub recipe: Recipe,
    /// Of a success.
    pub outputs: Vec<Artifact>,
    /// When, where, by which commit: never part of a key.
    pub provenance: serde_json::Value,
    /// What the command printed.
    pub log: String,
}

/// A run as the records have it.
#[derive(Debug, Clone)]
pub struct Logged {
    pub key: String,
    /// When it ended: `2026-11-22 03:04:05`, in universal time.
    pub finished: String,
    pub run: Run,
}

/// What the newest successful run of a stage took.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Took {
    pub seconds: f64,
    /// Seconds of CPU time; none in records of before they were counted.
    pub cpu: Option<f64>,
}

/// The database of one store.
pub struct Records {
    path: PathBuf,
    pub(super) connection: Connection,
}

impl Records {
    pub(super) fn open(path: &Path) -> Result<Self, StoreError> {
        let wrap = StoreError::database(path);
        let mut connection = Connection::open(path).map_err(&wrap)?;
        connection.busy_timeout(PATIENCE).map_err(&wrap)?;
        use_write_ahead_log(&connection).map_err(&wrap)?;
        connection.pragma_update(None, "synchronous", "NORMAL").map_err(&wrap)?;
        let version = |connection: &Connection| -> rusqlite::Result<usize> {
            connection.pragma_query_value(None, "user_version", |row| row.get(0)).map(isize::cast_unsigned)
        };
        let found = version(&connection).map_err(&wrap)?;
        if found > STEPS.len() {
            return Err(StoreError::TooNew { path: path.to_owned() });
        }
        if found < STEPS.len() {
            let transaction =
                connection.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate).map_err(&wrap)?;
            // Another process may have taken the steps while this one waited.
            for step in &STEPS[version(&transaction).map_err(&wrap)?.min(STEPS.len())..] {
                transaction.execute_batch(step).map_err(&wrap)?;
            }
            transaction.pragma_update(None, "user_version", STEPS.len().cast_signed()).map_err(&wrap)?;
            transaction.commit().map_err(&wrap)?;
        }
        Ok(Self { path: path.to_owned(), connection })
    }

    pub(super) fn wrap(&self) -> impl Fn(rusqlite::Error) -> StoreError + use<> {
        StoreError::database(&self.path)
    }

    /// What the newest successful run with this key gave.
    pub fn outputs_of(&self, key: &Key) -> Result<Option<Vec<Artifact>>, StoreError> {
        let query = "SELECT outputs FROM run WHERE key = ?1 AND outcome = 'success' ORDER BY id DESC LIMIT 1";
        let mut statement = self.connection.prepare_cached(query).map_err(self.wrap())?;
        let text: Option<String> =
            statement.query_row([key.as_str()], |row| row.get(0)).optional().map_err(self.wrap())?;
        Ok(text.and_then(|text| serde_json::from_str(&text).ok()))
    }

    /// The recipes of a stage's newest successful runs, the newest first: what an explanation compares with.
    pub fn recent_recipes(&self, stage: &str, number: u32) -> Result<Vec<Recipe>, StoreError> {
        let query = "SELECT recipe FROM run WHERE stage = ?1 AND outcome = 'success' ORDER BY id DESC LIMIT ?2";
        let mut statement = self.connection.prepare_cached(query).map_err(self.wrap())?;
        let rows = statement.query_map(params![stage, number], |row| row.get::<_, String>(0)).map_err(self.wrap())?;
        let texts = rows.collect::<Result<Vec<_>, _>>().map_err(self.wrap())?;
        Ok(texts.iter().filter_map(|text| serde_json::from_str(text).ok()).collect())
    }

    /// Stage -> what its newest successful run took, adopted ones aside.
    pub fn durations(&self) -> Result<HashMap<String, Took>, StoreError> {
        let query = "SELECT stage, provenance ->> 'seconds',
                            (provenance ->> '$.usage.user') + (provenance ->> '$.usage.system') FROM run
                     WHERE id IN (SELECT max(id) FROM run WHERE outcome = 'success' GROUP BY stage)
                       AND provenance ->> 'seconds' IS NOT NULL";
        let mut statement = self.connection.prepare_cached(query).map_err(self.wrap())?;
        let took = |row: &rusqlite::Row| Ok((row.get(0)?, Took { seconds: row.get(1)?, cpu: row.get(2)? }));
        let rows = statement.query_map([], took).map_err(self.wrap())?;
        rows.collect::<Result<_, _>>().map_err(self.wrap())
    }

    /// The newest runs however they ended, of one stage or of all, the newest first.
    pub fn newest(&self, stage: Option<&str>, number: u32) -> Result<Vec<Logged>, StoreError> {
        let query =
            "SELECT key, coalesce(datetime(provenance ->> 'finished', 'unixepoch'), ''), stage, recipe, outputs,
                            provenance, log, outcome
                     FROM run WHERE ?1 IS NULL OR stage = ?1 ORDER BY id DESC LIMIT ?2";
        let mut statement = self.connection.prepare_cached(query).map_err(self.wrap())?;
        let rows = statement.query_map(params![stage, number], |row| {
            let text = |column: usize| -> rusqlite::Result<String> { row.get(column) };
            Ok(Logged {
                key: row.get(0)?,
                finished: row.get(1)?,
                run: Run {
                    stage: row.get(2)?,
                    outcome: Outcome::of(&text(7)?),
                    recipe: serde_json::from_str(&text(3)?).unwrap_or_default(),
                    outputs: serde_json::from_str(&text(4)?).unwrap_or_default(),
                    provenance: serde_json::from_str(&text(5)?).unwrap_or_default(),
                    log: row.get(6)?,
                },
            })
        });
        rows.map_err(self.wrap())?.collect::<Result<_, _>>().map_err(self.wrap())
    }

    /// Writes a run and, of a success, that its outputs are in the work tree: both or neither.
    pub fn add(&mut self, key: &Key, run: &Run) -> Result<(), StoreError> {
        let wrap = self.wrap();
        let json = |value: serde_json::Result<String>| {
            value.map_err(|error| rusqlite::Error::ToSqlConversionFailure(Box::new(error)))
        };
        let transaction = self.connection.transaction().map_err(&wrap)?;
        let recipe = json(serde_json::to_string(&run.recipe)).map_err(&wrap)?;
        let outputs = json(serde_json::to_string(&run.outputs)).map_err(&wrap)?;
        let insert = "INSERT INTO run (key, stage, recipe, outputs, provenance, log, outcome)
                      VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)";
        let provenance = run.provenance.to_string();
        let row = params![key.as_str(), run.stage, recipe, outputs, provenance, run.log, run.outcome.word()];
        transaction.execute(insert, row).map_err(&wrap)?;
        place(&transaction, &run.outputs).map_err(&wrap)?;
        transaction.commit().map_err(&wrap)
    }

    /// Notes that these outputs are now in the work tree.
    pub fn placed(&mut self, outputs: &[Artifact]) -> Result<(), StoreError> {
        let wrap = self.wrap();
        let transaction = self.connection.transaction().map_err(&wrap)?;
        place(&transaction, outputs).map_err(&wrap)?;
        transaction.commit().map_err(&wrap)
    }

    /// Output path -> SHA-256, for all outputs that the engine put into the work tree.
    pub fn all_placed(&self) -> Result<BTreeMap<String, String>, StoreError> {
        let mut statement = self.connection.prepare_cached("SELECT path, sha256 FROM placed").map_err(self.wrap())?;
        let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?))).map_err(self.wrap())?;
        rows.collect::<Result<_, _>>().map_err(self.wrap())
    }

    pub fn unplace(&mut self, path: &str) -> Result<(), StoreError> {
        let deleted = self.connection.execute("DELETE FROM placed WHERE path = ?1", [path]);
        deleted.map(|_| ()).map_err(self.wrap())
    }

    /// A small fact kept by name, such as what dvc.lock was last written from.
    pub fn note(&self, name: &str) -> Result<Option<String>, StoreError> {
        let query = "SELECT value FROM note WHERE name = ?1";
        self.connection.query_row(query, [name], |row| row.get(0)).optional().map_err(self.wrap())
    }

    pub fn set_note(&mut self, name: &str, value: &str) -> Result<(), StoreError> {
        let replace = "INSERT OR REPLACE INTO note VALUES (?1, ?2)";
        self.connection.execute(replace, [name, value]).map(|_| ()).map_err(self.wrap())
    }

    pub fn memo(&self) -> Result<Memo, StoreError> {
        let query = "SELECT path, size, modified, changed, taken, inode, sha256, md5 FROM seen";
        let mut statement = self.connection.prepare_cached(query).map_err(self.wrap())?;
        let rows = statement.query_map([], |row| {
            let path: String = row.get(0)?;
            let seen = Seen {
                size: row.get::<_, i64>(1)?.cast_unsigned(),
                modified: row.get(2)?,
                changed: row.get(3)?,
                taken: row.get(4)?,
                inode: row.get::<_, i64>(5)?.cast_unsigned(),
                sha256: row.get(6)?,
                md5: row.get(7)?,
            };
            Ok((path.into(), seen))
        });
        let known: Result<HashMap<_, _>, _> = rows.map_err(self.wrap())?.collect();
        Ok(Memo::new(known.map_err(self.wrap())?))
    }

    /// Keeps what the memo has learnt.
    pub fn remember(&mut self, memo: &mut Memo) -> Result<(), StoreError> {
        let fresh = memo.take_fresh();
        if fresh.is_empty() {
            return Ok(());
        }
        let wrap = self.wrap();
        let transaction = self.connection.transaction().map_err(&wrap)?;
        {
            let insert = "INSERT OR REPLACE INTO seen VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)";
            let mut statement = transaction.prepare_cached(insert).map_err(&wrap)?;
            for (path, seen) in fresh {
                // A path that is no text cannot be a column; its file is read again next time.
                let Some(path) = path.to_str() else { continue };
                let (size, inode) = (seen.size.cast_signed(), seen.inode.cast_signed());
                let row = params![path, size, seen.modified, seen.changed, seen.taken, inode, seen.sha256, seen.md5];
                statement.execute(row).map_err(&wrap)?;
            }
        }
        transaction.commit().map_err(&wrap)
    }
}

fn place(transaction: &Connection, outputs: &[Artifact]) -> Result<(), rusqlite::Error> {
    let mut statement = transaction.prepare_cached("INSERT OR REPLACE INTO placed VALUES (?1, ?2)")?;
    for output in outputs {
        statement.execute(params![output.path, output.content.sha256])?;
    }
    Ok(())
}
