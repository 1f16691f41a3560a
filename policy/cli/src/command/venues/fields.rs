//! The flags that say what a venue is.

use countersign_api::{AuthField, LeverageBounds};

/// What a venue is; each list is given as a whole.
#[derive(Debug, clap::Args)]
pub(super) struct Fields {
    /// Credential that is not a secret, e.g. `api_key`; `name?` where it may be left out
    #[arg(long = "field", value_name = "NAME")]
    plain: Vec<String>,
    /// Credential that is a secret, e.g. `api_secret`; `name?` where it may be left out
    #[arg(long = "secret", value_name = "NAME")]
    secret: Vec<String>,
    /// What can be done there, e.g. `spot`
    #[arg(long = "feature", value_name = "WORD")]
    features: Vec<String>,
    /// Asset by symbol, or `any` alone
    #[arg(long = "asset", value_name = "SYMBOL")]
    assets: Vec<String>,
    /// `mainnet` or `testnet`
    #[arg(long = "environment", value_name = "NAME")]
    environments: Vec<String>,
    /// Lowest and highest leverage, e.g. `1..20`
    #[arg(long, value_name = "MIN..MAX", value_parser = bounds)]
    leverage: Option<Bounds>,
}

/// Bounds as they stand on the command line.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Bounds {
    min: String,
    max: String,
}

fn bounds(text: &str) -> Result<Bounds, String> {
    let (min, max) = text
        .split_once("..")
        .ok_or_else(|| format!("expected MIN..MAX, e.g. `1..20`, got `{text}`"))?;
    Ok(Bounds {
        min: min.to_owned(),
        max: max.to_owned(),
    })
}

impl Fields {
    pub(super) fn auth_fields(&self) -> Option<Vec<AuthField>> {
        let field = |secret: bool| {
            move |name: &String| AuthField {
                name: name.trim_end_matches('?').to_owned(),
                secret,
                required: !name.ends_with('?'),
            }
        };
        let plain = self.plain.iter().map(field(false));
        let all: Vec<_> = plain.chain(self.secret.iter().map(field(true))).collect();
        (!all.is_empty()).then_some(all)
    }

    pub(super) fn features(&self) -> Option<Vec<String>> {
        given(&self.features)
    }

    pub(super) fn assets(&self) -> Option<Vec<String>> {
        given(&self.assets)
    }

    pub(super) fn environments(&self) -> Option<Vec<String>> {
        given(&self.environments)
    }

    pub(super) fn leverage(&self) -> Option<LeverageBounds> {
        let bounds = self.leverage.clone()?;
        Some(LeverageBounds {
            min: bounds.min,
            max: bounds.max,
        })
    }
}

fn given(list: &[String]) -> Option<Vec<String>> {
    (!list.is_empty()).then(|| list.to_vec())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bounds_are_two_numbers() {
        let read = bounds("1..12.5").unwrap();
        assert_eq!((read.min.as_str(), read.max.as_str()), ("1", "12.5"));
        assert!(bounds("20").unwrap_err().contains("MIN..MAX"));
    }

    #[test]
    fn a_question_mark_makes_a_credential_optional() {
        let fields = Fields {
            plain: vec!["api_key".to_owned()],
            secret: vec!["passphrase?".to_owned()],
            features: Vec::new(),
            assets: Vec::new(),
            environments: Vec::new(),
            leverage: None,
        };
        let read = fields.auth_fields().unwrap();
        let told: Vec<_> = read
            .iter()
            .map(|field| (field.name.as_str(), field.secret, field.required))
            .collect();
        assert_eq!(
            told,
            [("api_key", false, true), ("passphrase", true, false)]
        );
        assert_eq!(fields.features(), None);
    }
}
