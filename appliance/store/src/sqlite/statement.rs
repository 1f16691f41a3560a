use sqlx::error::BoxDynError;
use sqlx::query::Query;
use sqlx::sqlite::SqliteArguments;
use sqlx::{Arguments as _, AssertSqlSafe, Encode, Sqlite, Type, query_with};

/// Rows that one statement takes. Each number of rows is a statement of its own to keep
/// prepared.
pub(super) const ROWS: usize = 64;

/// A number as SQLite holds it. None of ours comes near 2^63.
pub(super) fn signed(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

/// `(?,?,…)` with `count` places.
pub(super) fn tuple(count: usize) -> String {
    format!("({})", vec!["?"; count].join(","))
}

/// The values of one row, added to a statement in the order of its columns.
pub(super) struct Row<'a> {
    arguments: &'a mut SqliteArguments,
    failed: &'a mut Option<BoxDynError>,
}

impl Row<'_> {
    pub(super) fn add<'t, T: Encode<'t, Sqlite> + Type<Sqlite>>(&mut self, value: T) -> &mut Self {
        if let Err(error) = self.arguments.add(value) {
            self.failed.get_or_insert(error);
        }
        self
    }
}

/// One trip to SQLite's thread: perhaps several statements, and their values.
pub(super) struct Step {
    sql: String,
    arguments: SqliteArguments,
}

impl Step {
    pub(super) fn query(self) -> Query<'static, Sqlite, SqliteArguments> {
        query_with(AssertSqlSafe(self.sql), self.arguments)
    }
}

/// The statements of one transaction.
///
/// A trip to SQLite's thread costs as much as writing several rows. So rows go in many to a
/// statement, and `BEGIN` and `COMMIT` travel with the first and the last one.
#[derive(Default)]
pub(super) struct Script {
    steps: Vec<Step>,
    failed: Option<BoxDynError>,
}

impl Script {
    /// `head (?,…),(?,…),… tail`, once per [`ROWS`] items.
    pub(super) fn rows<T>(
        &mut self,
        head: &str,
        columns: usize,
        tail: &str,
        items: Vec<T>,
        add: fn(&mut Row<'_>, T),
    ) {
        self.chunks(items, add, |count| {
            let tuple = tuple(columns);
            format!("{head} {} {tail}", vec![tuple.as_str(); count].join(","))
        });
    }

    /// `sql` once per item, [`ROWS`] of them in one trip.
    pub(super) fn each<T>(&mut self, sql: &str, items: Vec<T>, add: fn(&mut Row<'_>, T)) {
        self.chunks(items, add, |count| vec![sql; count].join(";"));
    }

    fn chunks<T>(
        &mut self,
        items: Vec<T>,
        add: fn(&mut Row<'_>, T),
        sql: impl Fn(usize) -> String,
    ) {
        let mut items = items.into_iter();
        while items.len() > 0 {
            let count = items.len().min(ROWS);
            let mut arguments = SqliteArguments::default();
            for item in items.by_ref().take(count) {
                let failed = &mut self.failed;
                let arguments = &mut arguments;
                add(&mut Row { arguments, failed }, item);
            }
            let sql = sql(count);
            self.steps.push(Step { sql, arguments });
        }
    }

    /// The steps, as one transaction; none if there is nothing to do.
    pub(super) fn transaction(mut self) -> Result<Vec<Step>, sqlx::Error> {
        if let Some(error) = self.failed {
            return Err(sqlx::Error::Encode(error));
        }
        if let Some(first) = self.steps.first_mut() {
            first.sql.insert_str(0, "BEGIN IMMEDIATE;");
        }
        if let Some(last) = self.steps.last_mut() {
            last.sql.push_str(";COMMIT");
        }
        Ok(self.steps)
    }
}
