//! What is made from the list of terms: the two halves of a `when`, and every walk over them.

/// Makes [`When`](super::When), [`Bounds`](super::Bounds) and [`Miss`](super::Miss) from the list: a
/// term that lacks something does not compile, and nothing is called through a pointer.
macro_rules! terms {
    (
        scope { $($scope:ident: $scope_type:ty,)* }
        bound { $($bound:ident: $bound_type:ty,)* }
    ) => {
        /// Which effects a rule or a limit is about. Keys that are absent hold for everything.
        #[derive(Debug, Clone, Default, PartialEq, Eq)]
        pub struct When {
            $(pub(crate) $scope: $scope_type,)*
        }

        /// How far a permission reaches. Most are checked against the whole request, fees included.
        #[derive(Debug, Clone, Default, PartialEq, Eq)]
        pub struct Bounds {
            $(pub(crate) $bound: $bound_type,)*
        }

        /// The term that does not hold, and why.
        #[derive(Debug, Clone, Copy)]
        #[expect(non_camel_case_types, reason = "each is called what its term is called")]
        pub(crate) enum Miss<'a> {
            $($scope(<$scope_type as Term>::Miss<'a>),)*
            $($bound(<$bound_type as Term>::Miss<'a>),)*
        }

        impl Miss<'_> {
            pub(crate) fn sentence(&self, set: &PolicySet) -> String {
                match self {
                    $(Self::$scope(why) => why.sentence(set),)*
                    $(Self::$bound(why) => why.sentence(set),)*
                }
            }

            /// When time alone mends it.
            pub(crate) fn retry_after(&self) -> Option<Timestamp> {
                match self {
                    $(Self::$scope(why) => why.retry_after(),)*
                    $(Self::$bound(why) => why.retry_after(),)*
                }
            }
        }

        impl When {
            pub(crate) fn read(source: &Source<'_>) -> Self {
                let mut when = Self::default();
                $(when.$scope = Term::read(source, &when);)*
                when
            }

            /// The first term that is not about the effect, amounts aside.
            pub(crate) fn is_about(&self, context: &Context<'_>) -> Result<(), Miss<'_>> {
                $(self.$scope.is_about(context).map_err(Miss::$scope)?;)*
                Ok(())
            }

            /// Whether every term is about the effect, amounts aside.
            pub(crate) fn means(&self, context: &Context<'_>) -> bool {
                true $(&& self.$scope.is_about(context).is_ok())*
            }

            /// The first term that a permission has to write, and does not.
            pub(crate) fn is_named(&self, subject: &Subject<'_>) -> Result<(), Miss<'_>> {
                $(self.$scope.is_named(subject).map_err(Miss::$scope)?;)*
                Ok(())
            }

            pub(crate) fn covers(&self, inner: &Self, between: &Between<'_>) -> bool {
                true $(&& self.$scope.covers(&inner.$scope, between))*
            }

            pub(crate) fn stops_all(&self, inner: &Self, between: &Between<'_>) -> bool {
                true $(&& self.$scope.stops_all(&inner.$scope, between))*
            }

            pub(crate) fn demands_all(&self, inner: &Self, between: &Between<'_>) -> bool {
                true $(&& self.$scope.demands_all(&inner.$scope, between))*
            }

            pub(crate) fn counts_all(
                &self,
                inner: &Self,
                between: &Between<'_>,
                outflow: Outflow,
            ) -> bool {
                true $(&& self.$scope.counts_all(&inner.$scope, between, outflow))*
            }

            /// Whether some term has nothing in common.
            pub(crate) fn is_apart(&self, stop: &Self, between: &Between<'_>) -> bool {
                false $(|| self.$scope.is_apart(&stop.$scope, between))*
            }

            /// The keys that keep everything out.
            pub(crate) fn matching_nothing(&self) -> Vec<&'static str> {
                let mut keys = Vec::new();
                $(if self.$scope.matches_nothing() {
                    keys.extend(<$scope_type as Term>::KEYS.iter().map(|key| key.name));
                })*
                keys
            }
        }

        impl Bounds {
            pub(crate) fn read(source: &Source<'_>, when: &When) -> Self {
                Self { $($bound: Term::read(source, when),)* }
            }

            /// The first bound that the request exceeds.
            pub(crate) fn permits(&self, permission: &Permission<'_>) -> Result<(), Miss<'_>> {
                $(self.$bound.permits(permission).map_err(Miss::$bound)?;)*
                Ok(())
            }

            pub(crate) fn covers(&self, inner: &Self, between: &Between<'_>) -> bool {
                true $(&& self.$bound.covers(&inner.$bound, between))*
            }

            /// Addresses that something may be paid to.
            pub(crate) fn receivers(&self) -> impl Iterator<Item = &Address> {
                [$(self.$bound.receivers(),)*].into_iter().flatten()
            }

            pub(crate) fn needs_prices(&self) -> bool {
                false $(|| self.$bound.needs_prices())*
            }
        }

        /// What each term finds in a rule that permits.
        pub(crate) fn lint(rule: &Rule, subject: &str, findings: &mut Findings) {
            $(rule.when.$scope.lint(rule, subject, findings);)*
            $(rule.bounds.$bound.lint(rule, subject, findings);)*
        }

        /// Keys and note of each term, scopes first.
        const MANUAL: &[(&[Key], &str)] = &[
            $((<$scope_type as Term>::KEYS, <$scope_type as Term>::NOTE),)*
            $((<$bound_type as Term>::KEYS, <$bound_type as Term>::NOTE),)*
        ];

        #[cfg(test)]
        pub(crate) fn scope_samples() -> Vec<sample::Sample> {
            let mut all = Vec::new();
            $(all.extend(<$scope_type as sample::Sampled>::samples());)*
            all
        }

        #[cfg(test)]
        pub(crate) fn bound_samples() -> Vec<sample::Sample> {
            let mut all = Vec::new();
            $(all.extend(<$bound_type as sample::Sampled>::samples());)*
            all
        }

        /// Requests that tell the values of every key apart.
        #[cfg(test)]
        pub(crate) fn sample_requests() -> Vec<countersign_intent::Intent> {
            let mut all = Vec::new();
            $(all.extend(<$scope_type as sample::Sampled>::requests());)*
            $(all.extend(<$bound_type as sample::Sampled>::requests());)*
            all
        }
    };
}

pub(super) use terms;
