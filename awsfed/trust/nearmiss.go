package trust

import (
	"slices"
	"strings"

	"github.com/onafed/onafed/awsfed/trust/pattern"
	"github.com/onafed/onafed/internal/arn"
	"github.com/onafed/onafed/internal/condition"
	"github.com/onafed/onafed/internal/provider"
	"github.com/onafed/onafed/internal/quote"
	"github.com/onafed/onafed/internal/subject"
)

// webHost is the host of Ona's web application, which is not the issuer of its tokens.
const webHost = "app.ona.com"

// actionNearMisses looks for an action that is almost the one that the request needs.
func (e *evaluation) actionNearMisses(s Statement, action string) []NearMiss {
	if action == condition.AssumeRoleWithWebIdentity && s.CoversAction("sts:AssumeRole") {
		return []NearMiss{{"action-of-aws-principals", "sts:AssumeRole is for principals of AWS accounts; tokens need " + action}}
	}
	return nil
}

// principalNearMisses looks for a provider that is almost that of the request.
func (e *evaluation) principalNearMisses(p Principal) []NearMiss {
	host := provider.IssuerHost(e.request.Issuer)
	want, known := arn.Parse(e.request.ProviderARN)
	var misses []NearMiss
	add := func(kind, message string) { misses = append(misses, NearMiss{kind, message}) }
	for _, f := range p.Federated {
		got, ok := provider.Host(f)
		a, _ := arn.Parse(f)
		switch {
		case host == provider.OnaHost && (got == webHost || !ok && strings.EqualFold(f, webHost)):
			add("provider-of-web-application", "the provider is that of Ona's web application, "+webHost+"; the issuer of the token is "+provider.OnaHost)
		case !ok && provider.SimilarHosts(f, host):
			add("provider-spelling", "the principal is the issuer itself; a provider is named by its ARN")
		case !ok:
		case known && got == host && a.Partition != want.Partition:
			add("provider-partition", "the provider is in partition "+quote.Name(a.Partition)+", the role in "+quote.Name(want.Partition))
		case known && got == host && a.Account != want.Account:
			add("provider-account", "the provider is in account "+quote.Name(a.Account)+", but it must be in the role's account "+quote.Name(want.Account))
		case got != host && provider.SimilarHosts(got, host):
			add("provider-spelling", "the provider is written "+quote.Name(got)+", the issuer of the token is "+quote.Name(host)+": letter case, scheme and slashes matter")
		}
	}
	return misses
}

// conditionNearMisses looks for the reason why a condition does not hold.
func (e *evaluation) conditionNearMisses(c Condition, values []string, state condition.KeyState) []NearMiss {
	op, ok := condition.ParseOperator(c.Operator)
	switch {
	case !ok || op.Family == condition.Null:
		return nil
	case state == condition.KeyMissing:
		if e.request.caller != nil {
			return e.request.caller.keyNearMisses(c.Key)
		}
		return e.keyNearMisses(c.Key)
	case state == condition.KeyUnknown || op.Negated:
		return nil
	}
	var misses []NearMiss
	add := func(m NearMiss) {
		if m.Kind != "" && !slices.ContainsFunc(misses, func(n NearMiss) bool { return n.Kind == m.Kind }) {
			misses = append(misses, m)
		}
	}
	claim := e.claimOf(c.Key)
	for _, want := range c.Values {
		for _, got := range values {
			add(e.textNearMiss(op, want, got))
			switch claim {
			case "sub":
				add(subjectNearMiss(op, want, got))
				add(e.numbersNearMiss(op, want, got))
			case "aud":
				add(e.audienceNearMiss(op, want, got))
			}
		}
	}
	return misses
}

// claimOf returns the name of the claim if the key belongs to the issuer of the request.
func (e *evaluation) claimOf(key string) string {
	name, ok := strings.CutPrefix(strings.ToLower(key), strings.ToLower(provider.IssuerHost(e.request.Issuer))+":")
	if !ok || e.request.Issuer == "" {
		return ""
	}
	return name
}

// keyNearMisses looks for the reason why a request does not have a key.
func (e *evaluation) keyNearMisses(key string) []NearMiss {
	host := strings.ToLower(provider.IssuerHost(e.request.Issuer))
	prefix, name, ok := provider.CutKey(key, host)
	if !ok || host == "" {
		return nil
	}
	keys := provider.Keys(provider.IssuerHost(e.request.Issuer))
	var m NearMiss
	switch {
	case strings.Contains(key, "://"):
		m = NearMiss{"key-with-scheme", "a condition key contains the issuer without its scheme: " + quote.Word(host+":"+name)}
	case prefix != host && provider.SimilarHosts(prefix, host):
		m = NearMiss{"key-spelling", "the key is for " + quote.Name(prefix) + ", the issuer of the token is " + quote.Name(host) + ": slashes matter"}
	case prefix != host && strings.Contains(prefix, "."):
		m = NearMiss{"key-of-other-issuer", "the key is for tokens of " + quote.Name(prefix) + ", this one is from " + quote.Name(host)}
	case prefix != host:
		return nil
	case !slices.Contains(keys, name):
		m = NearMiss{"key-not-mapped", "AWS has no key for the claim " + quote.Name(name) + " of this issuer; the keys are " +
			strings.Join(keys, ", ") + ", as of " + provider.KeysAsOf}
	default:
		m = NearMiss{"claim-absent", "the token has no claim " + quote.Name(name)}
	}
	return []NearMiss{m}
}

// matches reports whether a value of the policy would match a value of the request.
func (e *evaluation) matches(op condition.Operator, want, got string) bool {
	return e.assuming(nil).context().Compare(op, want, got) == condition.True
}

// textNearMiss compares values that are almost equal as text.
func (e *evaluation) textNearMiss(op condition.Operator, want, got string) NearMiss {
	exact := op.Family == condition.String
	switch {
	case !op.Variables():
		return NearMiss{}
	case exact && strings.ContainsAny(want, "*?") && e.matches(op.Like(), want, got):
		return NearMiss{"wildcard-in-equals", op.String() + " treats * and ? as plain text; StringLike would match"}
	case strings.TrimSpace(got) != got && e.matches(op, want, strings.TrimSpace(got)),
		strings.TrimSpace(want) != want && e.matches(op, strings.TrimSpace(want), got):
		return NearMiss{"white-space", "the values differ only in leading or trailing white space"}
	case (exact || op.Family == condition.Like) && e.matches(op, strings.ToLower(want), strings.ToLower(got)):
		return NearMiss{"letter-case", "the values differ only in letter case"}
	case condition.HasVariable(want) && e.policy.Version != condition.VersionWithVariables:
		return NearMiss{"variable-in-old-version", `"${" is plain text in a policy whose Version is not 2012-10-17`}
	default:
		return NearMiss{}
	}
}

// subjectNearMiss compares the subject of the policy with that of the token part by part.
func subjectNearMiss(op condition.Operator, want, got string) NearMiss {
	w, g := subject.Read(want), subject.Read(got)
	differ := func(claim string) bool {
		a, b := w.ID(claim), g.ID(claim)
		return a != "" && b != "" && a != b
	}
	switch {
	case w.Version == subject.V2 && g.Version == subject.V3:
		return NearMiss{"v2-pattern-v3-token", "the policy names V2 subjects (org:.../...), the subject of the token is V3 (organization_id:...): the organization changed its token format"}
	case w.Version == subject.V3 && g.Version == subject.V2:
		return NearMiss{"v3-pattern-v2-token", "the policy names V3 subjects (organization_id:...), the subject of the token is V2 (org:.../...)"}
	case differ("organization_id"):
		return NearMiss{"other-organization", "the policy names another organization than the token"}
	case differ("project_id"):
		return NearMiss{"other-project", "the policy names another project than the token"}
	case differ("environment_id"):
		return NearMiss{"other-environment", "the policy names another environment than the token"}
	}
	if _, why := subject.Respell(want[:wildcard(op, want)], op.Family == condition.Fold); why != "" {
		return NearMiss{"misspelled-subject", "in the value of the policy " + why}
	}
	if w.Claims() == "organization_id/environment_id" && g.Claims() == "organization_id/project_id/environment_id" {
		return NearMiss{"environment-in-project", "the value of the policy is for environments without a project; the subject of the token has /prj:<id> before /env:<id>"}
	}
	return textSubjectNearMiss(op, want, got)
}

// wildcard returns the position of the first wildcard of a value, or its length.
func wildcard(op condition.Operator, value string) int {
	if i := strings.IndexAny(value, "*?"); i >= 0 && op.Wildcards() {
		return i
	}
	return len(value)
}

// textSubjectNearMiss compares where two subjects end.
func textSubjectNearMiss(op condition.Operator, want, got string) NearMiss {
	if op.Family == condition.Like {
		for _, tail := range [...]string{":*", "/*"} {
			if base, ok := strings.CutSuffix(want, tail); ok && pattern.Compile(base).Match(got) {
				return NearMiss{"trailing-wildcard", "the pattern ends in " + tail + ", which requires one more part; the subject of the token ends before it"}
			}
		}
	}
	if rest, ok := strings.CutPrefix(got, want); ok && want != "" && rest != "" && (rest[0] == '/' || rest[0] == ':') {
		return NearMiss{"subject-goes-on", "the subject of the token begins with the value and continues; a pattern with a * at the end would match under StringLike"}
	}
	return NearMiss{}
}

// numbersNearMiss compares the two forms of GitHub's subjects.
func (e *evaluation) numbersNearMiss(op condition.Operator, want, got string) NearMiss {
	classicWant, wantNumbers := subject.WithoutNumbers(want)
	classicGot, gotNumbers := subject.WithoutNumbers(got)
	switch {
	case wantNumbers == gotNumbers || !e.matches(op, classicWant, classicGot):
		return NearMiss{}
	case gotNumbers:
		return NearMiss{"immutable-subject", "the subject of the token is immutable (repo:owner@number/name@number:...), the policy names the classic form (repo:owner/name:...)"}
	default:
		return NearMiss{"classic-subject", "the subject of the token has the classic form (repo:owner/name:...), the policy names an immutable one (repo:owner@number/name@number:...)"}
	}
}

// audienceNearMiss compares audiences.
func (e *evaluation) audienceNearMiss(op condition.Operator, want, got string) NearMiss {
	key := provider.IssuerHost(e.request.Issuer) + ":oaud"
	if original, _ := e.request.lookup(key); !slices.Contains(original, got) {
		for _, o := range original {
			if e.matches(op, want, o) {
				return NearMiss{"azp-replaces-aud", "the token has an azp, which AWS uses as aud; the value is in the token's aud, which is the key " + quote.Word(key)}
			}
		}
	}
	switch {
	case want != got && isSTSAudience(want) && isSTSAudience(got):
		return NearMiss{"audience-of-other-partition", "the audience is that of another AWS partition"}
	case provider.SimilarHosts(want, got):
		return NearMiss{"audience-spelling", "the audiences differ only in letter case, scheme or a final slash"}
	default:
		return NearMiss{}
	}
}

// isSTSAudience reports whether s is a usual audience for STS in some partition.
func isSTSAudience(s string) bool {
	return s == "sts.amazonaws.com" || s == "sts.amazonaws.com.cn" || s == "sts.amazonaws.eu"
}
