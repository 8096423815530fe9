package trust

import (
	"slices"
	"strings"

	"github.com/onafed/onafed/awsfed/trust/pattern"
	"github.com/onafed/onafed/internal/subject"
)

func miss(kind NearMissKind, message string) NearMiss { return NearMiss{Kind: kind, Message: message} }

// principalNearMisses looks for a provider that is nearly the request's.
func (e *evaluation) principalNearMisses(p Principal) []NearMiss {
	want := e.request.ProviderARN
	host := issuerHost(e.request.Issuer)
	var misses []NearMiss
	for _, arn := range p.Federated {
		got, ok := providerHost(arn)
		if !ok {
			if sameHost(arn, host) {
				misses = append(misses, miss(MissProviderSpelling,
					"the principal is the issuer itself; a provider is named by its ARN"))
			}
			continue
		}
		a, w := splitARN(arn), splitARN(want)
		switch {
		case want != "" && got == host && a.partition != w.partition:
			misses = append(misses, miss(MissProviderPartition,
				"the provider is in partition "+quoteName(a.partition)+", the role in "+quoteName(w.partition)))
		case want != "" && got == host && a.account != w.account:
			misses = append(misses, miss(MissProviderAccount,
				"the provider is in account "+quoteName(a.account)+", but it has to be in the role's account "+quoteName(w.account)))
		case got != host && sameHost(got, host):
			misses = append(misses, miss(MissProviderSpelling,
				"the provider is written "+quoteName(got)+", the token's issuer is "+quoteName(host)+": letter case, scheme and slashes count"))
		}
	}
	return misses
}

// sameHost compares two issuers without what people get wrong: letter case,
// the scheme and a slash at the end.
func sameHost(a, b string) bool {
	return a != "" && foldHost(a) == foldHost(b)
}

func foldHost(s string) string {
	s = strings.ToLower(s)
	s = strings.TrimPrefix(strings.TrimPrefix(s, "https://"), "http://")
	return strings.TrimRight(s, "/")
}

// conditionNearMisses looks for the reason why a condition does not hold.
func (e *evaluation) conditionNearMisses(c Condition, values []string, state keyState) []NearMiss {
	op, ok := parseOperator(c.Operator)
	if !ok || op.family == nullFamily {
		return nil
	}
	if state == keyMissing {
		return e.keyNearMisses(c.Key)
	}
	if state == keyUnknown || op.negated {
		return nil
	}
	var misses []NearMiss
	add := func(m NearMiss, ok bool) {
		if ok && !slices.ContainsFunc(misses, func(n NearMiss) bool { return n.Kind == m.Kind }) {
			misses = append(misses, m)
		}
	}
	name := e.claimName(c.Key)
	for _, want := range c.Values {
		for _, got := range values {
			add(e.textNearMiss(op, want, got))
			switch name {
			case "sub":
				add(subjectNearMiss(op, want, got))
			case "aud":
				add(e.audienceNearMiss(op, want, got))
			}
		}
	}
	return misses
}

// claimName is the claim's name if the key belongs to the request's issuer.
func (e *evaluation) claimName(key string) string {
	name, ok := strings.CutPrefix(strings.ToLower(key), strings.ToLower(issuerHost(e.request.Issuer))+":")
	if !ok || e.request.Issuer == "" {
		return ""
	}
	return name
}

// keyNearMisses says why a request does not have a key.
func (e *evaluation) keyNearMisses(key string) []NearMiss {
	lower := strings.ToLower(key)
	host := strings.ToLower(issuerHost(e.request.Issuer))
	i := strings.LastIndexByte(lower, ':')
	if i < 0 || host == "" {
		return nil
	}
	prefix, name := lower[:i], lower[i+1:]
	if rest, ok := strings.CutPrefix(lower, host+":"); ok {
		prefix, name = host, rest
	}
	switch {
	case strings.Contains(lower, "://"):
		return []NearMiss{miss(MissKeyWithScheme,
			"a condition key has the issuer without its scheme: "+quoteKey(host+":"+name))}
	case prefix != host && sameHost(prefix, host):
		return []NearMiss{miss(MissKeySpelling,
			"the key is for "+quoteName(prefix)+", the token's issuer is "+quoteName(host)+": slashes count")}
	case prefix != host && strings.Contains(prefix, "."):
		return []NearMiss{miss(MissKeyOfOtherIssuer,
			"the key is for tokens of "+quoteName(prefix)+", this one is from "+quoteName(host))}
	case prefix != host:
		return nil
	case !slices.Contains(IssuerKeys(e.request.Issuer), name):
		return []NearMiss{miss(MissKeyNotMapped,
			"AWS has no key for the claim "+quoteName(name)+" of this issuer; the keys are "+
				strings.Join(IssuerKeys(e.request.Issuer), ", ")+", as of "+IssuerKeysAsOf)}
	default:
		return []NearMiss{miss(MissClaimAbsent, "the token has no claim "+quoteName(name))}
	}
}

// textNearMiss looks for values that are nearly equal as text.
func (e *evaluation) textNearMiss(op operator, want, got string) (NearMiss, bool) {
	if !op.variables() {
		return NearMiss{}, false
	}
	try := func(op operator, want, got string) bool {
		return e.quiet().compareValue(op, want, got) == Matched
	}
	like := op
	like.family = likeFamily
	switch {
	case op.family == stringFamily && strings.ContainsAny(want, "*?") && try(like, want, got):
		return miss(MissWildcardInEquals,
			op.name()+" takes * and ? as plain text; StringLike would match"), true
	case strings.TrimSpace(got) != got && try(op, want, strings.TrimSpace(got)),
		strings.TrimSpace(want) != want && try(op, strings.TrimSpace(want), got):
		return miss(MissWhiteSpace, "the values differ only in white space at an end"), true
	case (op.family == stringFamily || op.family == likeFamily) && try(op, strings.ToLower(want), strings.ToLower(got)):
		return miss(MissLetterCase, "the values differ only in letter case"), true
	case strings.Contains(want, "${") && e.version != versionWithVariables:
		return miss(MissVariableInOldPolicy,
			`"${" is plain text in a policy whose Version is not 2012-10-17`), true
	default:
		return NearMiss{}, false
	}
}

// subjectNearMiss compares a wanted subject with the token's part by part.
func subjectNearMiss(op operator, want, got string) (NearMiss, bool) {
	w, g := subject.Read(want), subject.Read(got)
	other := func(claim string) bool { return differ(w.ID(claim), g.ID(claim)) }
	switch {
	case w.Version == subject.V2 && g.Version == subject.V3:
		return miss(MissV2PatternV3Token,
			"the policy speaks of V2 subjects (org:.../...), the token is V3 (organization_id:...): the organization changed its token format"), true
	case w.Version == subject.V3 && g.Version == subject.V2:
		return miss(MissV3PatternV2Token,
			"the policy speaks of V3 subjects (organization_id:...), the token is V2 (org:.../...)"), true
	case other("organization_id"):
		return miss(MissOtherOrganization, "the policy names another organization than the token"), true
	case other("project_id"):
		return miss(MissOtherProject, "the policy names another project than the token"), true
	case other("environment_id"):
		return miss(MissOtherEnvironment, "the policy names another environment than the token"), true
	}
	if op.family == likeFamily {
		for _, tail := range [...]string{":*", "/*"} {
			if base, ok := strings.CutSuffix(want, tail); ok && pattern.Compile(base).Match(got) {
				return miss(MissTrailingWildcard,
					"the pattern ends in "+tail+", which asks for one more part; the token's subject ends before it"), true
			}
		}
	}
	if (strings.HasPrefix(got, want+"/") || strings.HasPrefix(got, want+":")) && want != "" {
		return miss(MissSubjectGoesOn,
			"the token's subject begins with the value and goes on; a pattern with a * at the end would match under StringLike"), true
	}
	return NearMiss{}, false
}

// differ tells whether both are known and not the same.
func differ(a, b string) bool { return a != "" && b != "" && a != b }

// audienceNearMiss compares audiences.
func (e *evaluation) audienceNearMiss(op operator, want, got string) (NearMiss, bool) {
	prefix := issuerHost(e.request.Issuer)
	if original, state := e.request.lookup(prefix + ":oaud"); state == keyPresent && !slices.Contains(original, got) {
		for _, o := range original {
			if e.quiet().compareValue(op, want, o) == Matched {
				return miss(MissAuthorizedParty,
					"the token has an azp, which AWS takes as aud; the value is in the token's aud, which is the key "+
						quoteKey(prefix+":oaud")), true
			}
		}
	}
	switch {
	case want != got && stsAudience(want) && stsAudience(got):
		return miss(MissAudiencePartition, "the audience is that of another AWS partition"), true
	case sameHost(want, got):
		return miss(MissAudienceSpelling, "the audiences differ only in letter case, scheme or a slash at the end"), true
	default:
		return NearMiss{}, false
	}
}

// stsAudience tells whether s is an audience that people use for STS in some
// partition.
func stsAudience(s string) bool {
	switch s {
	case "sts.amazonaws.com", "sts.amazonaws.com.cn", "sts.amazonaws.eu":
		return true
	default:
		return false
	}
}
