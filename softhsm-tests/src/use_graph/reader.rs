//! A careful reader of paths: tokens, so that what macros are given counts as well.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use proc_macro2::{Delimiter, Ident, TokenStream, TokenTree};

use super::{Module, ModulePath};

type Modules = BTreeMap<ModulePath, Module>;

/// What an item's name stands behind.
const ITEMS: [&str; 8] = [
    "const", "enum", "fn", "static", "struct", "trait", "type", "union",
];

/// A file to be read, and the folder in which its modules lie.
struct File {
    path: ModulePath,
    file: PathBuf,
    folder: PathBuf,
}

/// Every module of a crate.
pub(super) fn modules(root: &Path, source: &dyn Fn(&Path) -> Result<String>) -> Result<Modules> {
    let folder = root.parent().unwrap_or(Path::new("")).to_owned();
    let mut open = vec![File {
        path: ModulePath::new(),
        file: root.to_owned(),
        folder,
    }];
    let mut modules = Modules::new();
    while let Some(file) = open.pop() {
        let text = source(&file.file)?;
        let tokens: TokenStream = text
            .parse()
            .map_err(|error| anyhow::anyhow!("{}: {error}", file.file.display()))?;
        let mut reader = Reader {
            modules: &mut modules,
            children: Vec::new(),
            file: &file,
        };
        reader.module(file.path.clone(), tokens);
        for (path, declared_at) in reader.children {
            open.push(child(&file, path, declared_at, source)?);
        }
    }
    Ok(modules)
}

/// The file of `mod name;`, which says where it is if it is not where it should be.
fn child(
    parent: &File,
    path: ModulePath,
    declared_at: Option<String>,
    source: &dyn Fn(&Path) -> Result<String>,
) -> Result<File> {
    if let Some(at) = declared_at {
        let beside = parent.file.parent().unwrap_or(Path::new(""));
        let file = beside.join(at);
        let folder = file.parent().unwrap_or(Path::new("")).to_owned();
        return Ok(File { path, file, folder });
    }
    let within = path.get(parent.path.len()..).unwrap_or_default();
    let folder = within
        .iter()
        .fold(parent.folder.clone(), |at, name| at.join(name));
    let beside = folder.with_extension("rs");
    let inside = folder.join("mod.rs");
    let file = [beside, inside]
        .into_iter()
        .find(|file| source(file).is_ok())
        .with_context(|| format!("no file for the module `{}`", path.join("::")))?;
    Ok(File { path, file, folder })
}

struct Reader<'a> {
    modules: &'a mut Modules,
    children: Vec<(ModulePath, Option<String>)>,
    file: &'a File,
}

impl Reader<'_> {
    fn module(&mut self, path: ModulePath, tokens: TokenStream) {
        let module = self.modules.entry(path.clone()).or_default();
        module.file.clone_from(&self.file.file);
        let mut mentions = Vec::new();
        self.tokens(&path, tokens, &mut mentions);
        let Some(module) = self.modules.get_mut(&path) else {
            return;
        };
        let found: Vec<_> = mentions
            .iter()
            .filter_map(|mention| absolute(module, &path, mention))
            .collect();
        module.paths.extend(found);
    }

    fn tokens(&mut self, path: &ModulePath, tokens: TokenStream, mentions: &mut Vec<Vec<String>>) {
        let mut rest: &[TokenTree] = &tokens.into_iter().collect::<Vec<_>>();
        let mut declared_at = None;
        while let Some((first, after)) = rest.split_first() {
            rest = match first {
                TokenTree::Punct(hash) if hash.as_char() == '#' => {
                    let (text, after) = attribute(after);
                    if is_for_tests(&text) {
                        past_item(after)
                    } else {
                        declared_at = text.strip_prefix("path=").map(unquoted).or(declared_at);
                        after
                    }
                }
                TokenTree::Ident(word) if *word == "mod" => {
                    self.declaration(path, after, declared_at.take())
                }
                TokenTree::Ident(word) if *word == "use" && !begins(after, '<') => {
                    self.imports(path, after)
                }
                TokenTree::Ident(word) => {
                    self.definition(path, word, after);
                    let (mention, after) = mention(rest);
                    if mention.len() > 1 {
                        mentions.push(mention);
                    }
                    after
                }
                TokenTree::Group(group) => {
                    self.tokens(path, group.stream(), mentions);
                    after
                }
                TokenTree::Punct(_) | TokenTree::Literal(_) => after,
            };
        }
    }

    fn definition(&mut self, path: &ModulePath, word: &Ident, after: &[TokenTree]) {
        if let Some(TokenTree::Ident(name)) = after.first()
            && ITEMS.iter().any(|item| word == item)
        {
            let module = self.modules.entry(path.clone()).or_default();
            module.defined.insert(name.to_string());
        }
    }

    fn declaration<'t>(
        &mut self,
        path: &ModulePath,
        after: &'t [TokenTree],
        declared_at: Option<String>,
    ) -> &'t [TokenTree] {
        let [TokenTree::Ident(name), body, after @ ..] = after else {
            return after;
        };
        let name = name.to_string();
        let child = [path.as_slice(), std::slice::from_ref(&name)].concat();
        match body {
            TokenTree::Group(group) if group.delimiter() == Delimiter::Brace => {
                self.module(child, group.stream());
            }
            TokenTree::Punct(end) if end.as_char() == ';' => {
                self.children.push((child, declared_at))
            }
            _ => return after,
        }
        let module = self.modules.entry(path.clone()).or_default();
        module.children.insert(name);
        after
    }

    fn imports<'t>(&mut self, path: &ModulePath, after: &'t [TokenTree]) -> &'t [TokenTree] {
        let end = after.iter().position(|token| is(token, ';'));
        let (tree, after) = after.split_at(end.unwrap_or(after.len()));
        let mut leaves = Vec::new();
        leaves_of(tree, &[], &mut leaves);
        let module = self.modules.entry(path.clone()).or_default();
        for (leaf, name) in leaves {
            let first = leaf.first().map(String::as_str);
            let own = matches!(first, Some("crate" | "self" | "super"));
            // Of other crates, unless a module here has that name; that one is declared above its uses.
            if !own && !first.is_some_and(|first| module.children.contains(first)) {
                continue;
            }
            let Some(full) = absolute(module, path, &leaf) else {
                continue;
            };
            match name.as_str() {
                "*" => {
                    module.globs.push(full.clone());
                    // Somebody takes what is in it.
                    module
                        .paths
                        .push([full.as_slice(), &["*".to_owned()]].concat());
                }
                _ => {
                    module.paths.push(full.clone());
                    module.imports.insert(name, full);
                }
            }
        }
        after
    }
}

/// A path from the crate's root; `None` for one of another crate.
fn absolute(module: &Module, path: &ModulePath, mention: &[String]) -> Option<Vec<String>> {
    let (first, mut rest) = mention.split_first()?;
    let mut from = match first.as_str() {
        "crate" => ModulePath::new(),
        "self" => path.clone(),
        "super" => path.split_last()?.1.to_vec(),
        name if module.children.contains(name) => [path.as_slice(), &[name.to_owned()]].concat(),
        name => module.imports.get(name)?.clone(),
    };
    while let Some((again, after)) = rest.split_first()
        && again == "super"
    {
        from.pop()?;
        rest = after;
    }
    from.extend_from_slice(rest);
    Some(from)
}

/// Names with `::` between them, and what comes after.
fn mention(tokens: &[TokenTree]) -> (Vec<String>, &[TokenTree]) {
    let mut names = Vec::new();
    let mut rest = tokens;
    while let [TokenTree::Ident(name), after @ ..] = rest {
        names.push(name.to_string());
        rest = after;
        match after {
            [colon, again, next @ TokenTree::Ident(_), ..] if is(colon, ':') && is(again, ':') => {
                let _next = next;
                rest = after.get(2..).unwrap_or_default();
            }
            _ => break,
        }
    }
    (names, rest)
}

/// Every name that a `use` brings, with its path.
fn leaves_of(tree: &[TokenTree], before: &[String], leaves: &mut Vec<(Vec<String>, String)>) {
    for branch in tree.split(|token| is(token, ',')) {
        let mut path = before.to_vec();
        let mut alias = None;
        let mut closed = branch.is_empty();
        let mut tokens = branch.iter();
        while let Some(token) = tokens.next() {
            match token {
                TokenTree::Ident(word) if *word == "as" => {
                    alias = tokens.next().map(ToString::to_string);
                }
                TokenTree::Ident(word) => path.push(word.to_string()),
                TokenTree::Group(group) => {
                    let inner: Vec<_> = group.stream().into_iter().collect();
                    leaves_of(&inner, &path, leaves);
                    closed = true;
                }
                token if is(token, '*') => alias = Some("*".to_owned()),
                TokenTree::Punct(_) | TokenTree::Literal(_) => {}
            }
        }
        if closed {
            continue;
        }
        if path.len() > 1 && path.last().is_some_and(|last| last == "self") {
            path.pop();
        }
        if let Some(name) = alias.or_else(|| path.last().cloned()) {
            leaves.push((path, name));
        }
    }
}

/// What stands in an attribute, without spaces, and what comes after it.
fn attribute(after: &[TokenTree]) -> (String, &[TokenTree]) {
    let after = match after {
        [bang, inner @ ..] if is(bang, '!') => inner,
        _ => after,
    };
    match after {
        [TokenTree::Group(group), after @ ..] => {
            let mut text = group.stream().to_string();
            text.retain(|letter| !letter.is_whitespace());
            (text, after)
        }
        _ => (String::new(), after),
    }
}

fn is_for_tests(attribute: &str) -> bool {
    attribute == "cfg(test)" || attribute.starts_with("cfg(all(test,")
}

fn unquoted(text: &str) -> String {
    text.trim_matches('"').to_owned()
}

/// What comes after the item that begins here.
fn past_item(tokens: &[TokenTree]) -> &[TokenTree] {
    let is_use = tokens
        .iter()
        .take(3)
        .any(|token| matches!(token, TokenTree::Ident(word) if *word == "use"));
    let ends = |token: &TokenTree| match token {
        TokenTree::Group(group) => !is_use && group.delimiter() == Delimiter::Brace,
        token => is(token, ';'),
    };
    let end = tokens
        .iter()
        .position(ends)
        .map_or(tokens.len(), |end| end + 1);
    tokens.get(end..).unwrap_or_default()
}

fn is(token: &TokenTree, sign: char) -> bool {
    matches!(token, TokenTree::Punct(punct) if punct.as_char() == sign)
}

fn begins(tokens: &[TokenTree], sign: char) -> bool {
    tokens.first().is_some_and(|token| is(token, sign))
}
