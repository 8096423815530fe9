package awsfed

import (
	"cmp"
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/onafed/onafed/internal/arn"
	"github.com/onafed/onafed/internal/quote"
	"github.com/onafed/onafed/internal/refresh"
)

// settings are checked options. Providers with the same options share them; they never change.
type settings struct {
	Options
	text  string // optionsText
	rules refresh.Rules
	pool  *Pool // nil without one
}

// maxEarlyInvalid is how many sets of credentials in a row may be invalidated soon after their
// arrival. A service with a wrong clock rejects all of them, and each rejection would cost a
// request to STS.
const maxEarlyInvalid = 8

// defaults are the settings of providers without options, which share them.
var defaults = &settings{rules: refresh.Rules{AttemptTimeout: refresh.DefaultAttemptTimeout, InvalidateLimit: maxEarlyInvalid}} //nolint:gochecknoglobals // never written; a program may have thousands of providers

// sessionNameForm describes a session name.
const sessionNameForm = "want 2 to 64 of the characters A-Z a-z 0-9 _ + = , . @ -"

// newSettings checks the options. pool is nil for a provider without one.
func newSettings(o Options, pool *Pool) (*settings, error) {
	switch {
	case o.SessionName != "" && !arn.IsSessionName(o.SessionName):
		return nil, optionError("SessionName", "%s: %s", quote.Text(o.SessionName, 80), sessionNameForm)
	case o.AdvisoryWindow < 0:
		return nil, optionError("AdvisoryWindow", "%v is negative", o.AdvisoryWindow)
	case o.AttemptTimeout < 0:
		return nil, optionError("AttemptTimeout", "%v is negative", o.AttemptTimeout)
	case o.ExpectedAccount != "" && !arn.IsAccount(o.ExpectedAccount):
		return nil, optionError("ExpectedAccount", "%s is not an account ID of 12 digits", quote.Text(o.ExpectedAccount, 40))
	}
	if err := cmp.Or(
		checkDuration(o.Duration, longestSession, o.AnyDuration), checkPolicy(o.Policy), checkPolicyARNs(o.PolicyARNs), checkChain(&o),
	); err != nil {
		return nil, err
	}
	o.PolicyARNs, o.Chain = slices.Clone(o.PolicyARNs), cloneChain(o.Chain)
	s := &settings{
		Options: o,
		text:    optionsText(&o),
		pool:    pool,
		rules: refresh.Rules{
			AdvisoryWindow:  o.AdvisoryWindow,
			AttemptTimeout:  cmp.Or(o.AttemptTimeout, refresh.DefaultAttemptTimeout),
			Backoff:         o.RefreshBackoff,
			InvalidateLimit: maxEarlyInvalid,
			ServeExpired:    o.ServeExpired,
			KeepOnPermanent: o.KeepOnRefusal,
		},
	}
	if pool != nil {
		s.rules.Gate = pool.queue
	}
	return s, nil
}

// optionsText returns a text that is different for different options, without functions and
// loggers. It is empty for options that are not set, and has a session policy as its hash. A chain
// is last.
func optionsText(o *Options) string {
	var parts []string
	add := func(isSet bool, format string, value any) {
		if isSet {
			parts = append(parts, fmt.Sprintf(format, value))
		}
	}
	add(o.SessionName != "", "SessionName=%q", o.SessionName)
	add(o.Duration != 0, "Duration=%v", o.Duration)
	add(o.AnyDuration, "AnyDuration=%t", true)
	add(o.Policy != "", "Policy=%s", hashOf(o.Policy))
	add(len(o.PolicyARNs) > 0, "PolicyARNs=%q", o.PolicyARNs)
	add(o.ExpectedAccount != "", "ExpectedAccount=%q", o.ExpectedAccount)
	add(o.AdvisoryWindow != 0, "AdvisoryWindow=%v", o.AdvisoryWindow)
	add(o.AttemptTimeout != 0, "AttemptTimeout=%v", o.AttemptTimeout)
	add(o.ServeExpired, "ServeExpired=%t", true)
	add(o.KeepOnRefusal, "KeepOnRefusal=%t", true)
	add(o.InsecureHTTP, "InsecureHTTP=%t", true)
	chainText(add, o.Chain)
	return strings.Join(parts, " ")
}

// minSession is the shortest lifetime that STS grants (AssumeRoleWithWebIdentity, DurationSeconds).
const minSession = 15 * time.Minute

func checkDuration(d, longest time.Duration, anyDuration bool) error {
	switch {
	case d == 0:
		return nil
	case d < 0 || d%time.Second != 0:
		return optionError("Duration", "%v: want whole seconds above zero", d)
	case d > math.MaxInt32*time.Second:
		return optionError("Duration", "%v is too large", d)
	case anyDuration || d >= minSession && d <= longest:
		return nil
	case longest == longestNextSession:
		return optionError("Duration", "%v: AWS STS grants 15 minutes to 1 hour in a chain of roles; AnyDuration allows others", d)
	default:
		return optionError("Duration", "%v: AWS STS grants 15 minutes to 12 hours; AnyDuration allows others", d)
	}
}

// checkPolicy checks a session policy by the rules of AssumeRoleWithWebIdentity and AssumeRole,
// Policy.
func checkPolicy(policy string) error {
	const maxPolicy = 2048
	if policy == "" {
		return nil
	}
	if !json.Valid([]byte(policy)) || !strings.HasPrefix(strings.TrimLeft(policy, " \t\r\n"), "{") {
		return optionError("Policy", "is not a JSON object")
	}
	n := 0
	for _, r := range policy {
		if n++; r > 0xff {
			return optionError("Policy", "has the character %U; AWS STS accepts U+0020 to U+00FF", r)
		}
	}
	if n > maxPolicy {
		return optionError("Policy", "has %d characters; AWS STS accepts %d", n, maxPolicy)
	}
	return nil
}

func checkPolicyARNs(arns []string) error {
	const maxPolicies = 10
	if n := len(arns); n > maxPolicies {
		return optionError("PolicyARNs", "has %d elements; AWS STS accepts %d", n, maxPolicies)
	}
	for _, s := range arns {
		if !isPolicyARN(s) {
			return optionError("PolicyARNs", "%s is not the ARN of a policy, arn:aws:iam::<account>:policy/<name>", quote.Text(s, 100))
		}
	}
	return nil
}

// isPolicyARN reports whether s is the ARN of a managed policy. In the partitions of AWS, the
// account is "aws" or has 12 digits. Other partitions have any account.
func isPolicyARN(s string) bool {
	a, _ := arn.Parse(s)
	name, ok := strings.CutPrefix(a.Resource, "policy/")
	name = name[strings.LastIndexByte(name, '/')+1:]
	if !ok || a.Service != "iam" || a.Partition == "" || a.Region != "" || !isPrintable(s) || name == "" {
		return false
	}
	return !arn.IsPartition(a.Partition) || (a.Account == "aws" || arn.IsAccount(a.Account)) && arn.IsName(name)
}

// checkRoleARN checks that s is the ARN of a role. In the partitions of AWS the account has 12
// digits. Ceph uses the partition aws too, with an empty account, or the name of a tenant with a
// letter in it. Other partitions, such as minio, have any account.
func checkRoleARN(s string) error {
	const form = "arn:aws:iam::<account>:role/<name>"
	a, _ := arn.Parse(s)
	_, name, isRole := a.Role()
	switch {
	case s == "":
		return optionError("roleARN", "is empty")
	case strings.TrimSpace(s) != s:
		return optionError("roleARN", "%s has white space around it", quote.Text(s, 100))
	case len(s) > 2048:
		return optionError("roleARN", "%s has %d characters, more than 2048", quote.Text(s, 100), len(s))
	case !isRole || a.Partition == "" || !isPrintable(s):
		return optionError("roleARN", "%s is not the ARN of a role, %s", quote.Text(s, 100), form)
	case !arn.IsPartition(a.Partition):
		return nil
	case a.Region != "":
		return optionError("roleARN", "%s has a region, but roles have none: %s", quote.Text(s, 100), form)
	case !arn.IsAccount(a.Account) && (a.Partition != "aws" || !isTenant(a.Account)):
		return optionError("roleARN", "%s: the account %s does not have 12 digits", quote.Text(s, 100), quote.Text(a.Account, 40))
	case !arn.IsName(name):
		return optionError("roleARN", "%s: the name of a role has only the characters A-Z a-z 0-9 _ + = , . @ -", quote.Text(s, 100))
	case len(name) > 64: // IAM API Reference, CreateRole
		return optionError("roleARN", "%s: the name has %d characters, more than 64", quote.Text(s, 100), len(name))
	}
	return nil
}

// isTenant reports whether s is the account in the ARN of a role of Ceph: empty, or a name of
// letters, digits and underscores with a letter (Ceph documentation, "Multitenancy" and "Role").
func isTenant(s string) bool {
	isLetter := func(c rune) bool { return 'a' <= c|0x20 && c|0x20 <= 'z' }
	isOther := func(c rune) bool { return !isLetter(c) && (c < '0' || c > '9') && c != '_' }
	return s == "" || strings.ContainsFunc(s, isLetter) && !strings.ContainsFunc(s, isOther)
}

// isPrintable reports whether s has only visible characters of ASCII, as all ARNs of IAM and the
// values of a header do.
func isPrintable(s string) bool {
	return !strings.ContainsFunc(s, func(c rune) bool { return c <= ' ' || c > '~' })
}
