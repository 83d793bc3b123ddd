//! All run records at once: what the commands that look at the whole history read, and how they drop what is out of use.

use std::collections::{HashMap, HashSet};
use std::path::Path;

use rusqlite::params;

use super::{Artifact, Outcome, Records, StoreError};
use crate::digest::{Content, Member};
use crate::fingerprint::{Kind, Recipe};

/// A run on record, without what it printed.
#[derive(Debug, Clone)]
pub struct Entry {
    /// Ascending in the order in which runs were recorded.
    pub id: i64,
    pub stage: String,
    pub outcome: Outcome,
    pub key: String,
    /// `2026-11-22 03:04:05`, in universal time.
    pub finished: String,
    pub provenance: serde_json::Value,
    /// `None`: the record is damaged.
    pub recipe: Option<Recipe>,
    /// `None`: the record is damaged.
    pub outputs: Option<Vec<Artifact>>,
}

impl Entry {
    pub fn is_readable(&self) -> bool {
        self.recipe.is_some() && self.outputs.is_some()
    }

    /// The SHA-256 of every file that restoring this run needs.
    pub fn objects(&self) -> impl Iterator<Item = &str> {
        self.outputs.iter().flatten().flat_map(|artifact| artifact.content.files()).map(|(_, sha256, _, _)| sha256)
    }
}

impl Records {
    /// Every run on record, the oldest first.
    pub fn all(&self) -> Result<Vec<Entry>, StoreError> {
        let query = "SELECT id, stage, key,
                            iif(json_valid(provenance), datetime(provenance ->> 'finished', 'unixepoch'), NULL),
                            provenance, recipe, outputs, outcome
                     FROM run ORDER BY id";
        let mut statement = self.connection.prepare(query).map_err(self.wrap())?;
        let rows = statement.query_map([], |row| {
            let text = |column: usize| -> rusqlite::Result<String> { row.get(column) };
            Ok(Entry {
                id: row.get(0)?,
                stage: row.get(1)?,
                key: row.get(2)?,
                finished: row.get::<_, Option<String>>(3)?.unwrap_or_default(),
                provenance: serde_json::from_str(&text(4)?).unwrap_or_default(),
                recipe: serde_json::from_str(&text(5)?).ok(),
                outputs: serde_json::from_str(&text(6)?).ok(),
                outcome: Outcome::of(&text(7)?),
            })
        });
        rows.map_err(self.wrap())?.collect::<Result<_, _>>().map_err(self.wrap())
    }

    /// Forgets runs, all in one transaction, and then the folders that no other run has read.
    pub fn drop_runs(&mut self, runs: &[i64]) -> Result<(), StoreError> {
        if runs.is_empty() {
            return Ok(());
        }
        let wrap = self.wrap();
        let transaction = self.connection.transaction().map_err(&wrap)?;
        {
            let mut delete = transaction.prepare("DELETE FROM run WHERE id = ?1").map_err(&wrap)?;
            for run in runs {
                delete.execute([run]).map_err(&wrap)?;
            }
        }
        transaction.commit().map_err(&wrap)?;
        self.drop_folders()
    }

    fn drop_folders(&mut self) -> Result<(), StoreError> {
        let wrap = self.wrap();
        let mut read: HashSet<String> = HashSet::new();
        for run in self.all()? {
            let ingredients = run.recipe.iter().flat_map(Recipe::ingredients);
            read.extend(ingredients.filter(|entry| entry.0 == Kind::Dependency).map(|entry| entry.2.clone()));
        }
        let transaction = self.connection.transaction().map_err(&wrap)?;
        {
            let mut select = transaction.prepare("SELECT sha256 FROM folder").map_err(&wrap)?;
            let rows = select.query_map([], |row| row.get::<_, String>(0)).map_err(&wrap)?;
            let known = rows.collect::<Result<Vec<_>, _>>().map_err(&wrap)?;
            let mut delete = transaction.prepare("DELETE FROM folder WHERE sha256 = ?1").map_err(&wrap)?;
            for folder in known.iter().filter(|folder| !read.contains(*folder)) {
                delete.execute([folder]).map_err(&wrap)?;
            }
        }
        transaction.commit().map_err(&wrap)
    }

    /// Keeps which files the folders among `contents` hold: a key has their digest only.
    pub fn remember_folders(&mut self, contents: &[Content]) -> Result<(), StoreError> {
        let wrap = self.wrap();
        for content in contents {
            let Some(members) = &content.members else { continue };
            let known = "SELECT 1 FROM folder WHERE sha256 = ?1";
            let mut known = self.connection.prepare_cached(known).map_err(&wrap)?;
            if known.exists([&content.sha256]).map_err(&wrap)? {
                continue;
            }
            let members = serde_json::to_string(members)
                .map_err(|error| wrap(rusqlite::Error::ToSqlConversionFailure(Box::new(error))))?;
            let insert = "INSERT OR IGNORE INTO folder VALUES (?1, ?2)";
            self.connection.execute(insert, params![content.sha256, members]).map_err(&wrap)?;
        }
        Ok(())
    }

    /// The files of a folder that a run has read, by the folder's SHA-256.
    pub fn folder(&self, sha256: &str) -> Result<Option<Vec<Member>>, StoreError> {
        let mut statement =
            self.connection.prepare_cached("SELECT members FROM folder WHERE sha256 = ?1").map_err(self.wrap())?;
        let mut rows = statement.query([sha256]).map_err(self.wrap())?;
        let Some(row) = rows.next().map_err(self.wrap())? else { return Ok(None) };
        let text: String = row.get(0).map_err(self.wrap())?;
        Ok(serde_json::from_str(&text).ok())
    }

    /// What SQLite finds wrong with the database; nothing where it is sound.
    pub fn quick_check(&self) -> Result<Vec<String>, StoreError> {
        let mut statement = self.connection.prepare("PRAGMA quick_check").map_err(self.wrap())?;
        let rows = statement.query_map([], |row| row.get::<_, String>(0)).map_err(self.wrap())?;
        let lines = rows.collect::<Result<Vec<_>, _>>().map_err(self.wrap())?;
        Ok(lines.into_iter().filter(|line| line != "ok").collect())
    }

    /// Forgets what was known of files of the work tree that are gone; returns how many.
    pub fn forget_gone(&mut self, root: &Path) -> Result<usize, StoreError> {
        let gone = |table: &str| -> Result<Vec<String>, StoreError> {
            let mut select = self.connection.prepare(&format!("SELECT path FROM {table}")).map_err(self.wrap())?;
            let rows = select.query_map([], |row| row.get::<_, String>(0)).map_err(self.wrap())?;
            let paths = rows.collect::<Result<Vec<_>, _>>().map_err(self.wrap())?;
            Ok(paths.into_iter().filter(|path| root.join(path).symlink_metadata().is_err()).collect())
        };
        let lists: HashMap<&str, Vec<String>> = [("seen", gone("seen")?), ("placed", gone("placed")?)].into();
        let number = lists.values().map(Vec::len).sum();
        if number == 0 {
            return Ok(0);
        }
        let wrap = self.wrap();
        let transaction = self.connection.transaction().map_err(&wrap)?;
        for (table, paths) in &lists {
            let mut delete = transaction.prepare(&format!("DELETE FROM {table} WHERE path = ?1")).map_err(&wrap)?;
            for path in paths {
                delete.execute([path]).map_err(&wrap)?;
            }
        }
        transaction.commit().map_err(&wrap)?;
        Ok(number)
    }

    /// Gives the room of deleted rows back to the file system.
    pub fn compact(&mut self) -> Result<(), StoreError> {
        self.connection.execute_batch("VACUUM; PRAGMA wal_checkpoint(TRUNCATE)").map_err(self.wrap())
    }
}
