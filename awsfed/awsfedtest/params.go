package awsfedtest

import (
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/onafed/onafed/internal/quote"
)

// params reads the parameters of a call under the limits of the API's model, and collects what breaks them, as AWS does: all the
// constraints that fail stand in one ValidationError.
type params struct {
	form   form
	failed []string
}

func (p *params) fail(name, value, constraint string) {
	// The member's name in the message begins with a small letter.
	member := strings.ToLower(name[:1]) + name[1:]
	p.failed = append(p.failed, fmt.Sprintf("Value %s at '%s' failed to satisfy constraint: Member must %s", value, member, constraint))
}

// err is the one error of all checks, or nil.
func (p *params) err() *apiError {
	switch n := len(p.failed); n {
	case 0:
		return nil
	case 1:
		return invalid("1 validation error detected: %s", p.failed[0])
	default:
		return invalid("%d validation errors detected: %s", n, strings.Join(p.failed, "; "))
	}
}

// quoted shows a value that a client sent as AWS does, in single quotes, but without control characters and not at full length.
func quoted(value string) string { return "'" + quote.Clean(value, 100) + "'" }

// text reads a parameter of least to most characters. Absent is an error if required.
func (p *params) text(name string, required bool, least, most int) string {
	value, ok := p.form[name]
	if !ok {
		if required {
			p.fail(name, "null", "not be null")
		}
		return ""
	}
	shown := quoted(value)
	if name == "WebIdentityToken" {
		shown = "'***'"
	}
	switch n := utf8.RuneCountInString(value); {
	case n < least:
		p.fail(name, shown, "have length greater than or equal to "+strconv.Itoa(least))
	case n > most:
		p.fail(name, shown, "have length less than or equal to "+strconv.Itoa(most))
	}
	return value
}

// name reads a parameter of 2 to 64 characters of the set that session names and source identities are made of.
func (p *params) name(name string, required bool) string {
	value := p.text(name, required, 2, 64)
	if !isName(value) {
		p.fail(name, quoted(value), `satisfy regular expression pattern: [\w+=,.@-]*`)
	}
	return value
}

// isName reports whether s is made of the characters [\w+=,.@-].
func isName(s string) bool {
	for i := range len(s) {
		c := s[i]
		switch {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9', strings.IndexByte("_+=,.@-", c) >= 0:
		default:
			return false
		}
	}
	return true
}

// number reads an integer between least and most. Absent is 0.
func (p *params) number(name string, least, most int) int {
	value, ok := p.form[name]
	if !ok {
		return 0
	}
	n, err := strconv.Atoi(value)
	switch {
	case err != nil:
		p.fail(name, quoted(value), "be an integer")
	case n < least:
		p.fail(name, quoted(value), "have value greater than or equal to "+strconv.Itoa(least))
	case n > most:
		p.fail(name, quoted(value), "have value less than or equal to "+strconv.Itoa(most))
	}
	return n
}

// A sessionRequest is what a call says about the session that it asks for, whichever way it is assumed.
type sessionRequest struct {
	roleARN    string
	role       roleARN // set by check
	name       string
	duration   time.Duration // 0: not given
	minToken   int
	policy     string
	policyARNs []string
}

// session reads the parameters of a session whose shortest length is least.
func (p *params) session(least time.Duration) sessionRequest {
	var r sessionRequest
	r.roleARN = p.text("RoleArn", true, 20, 2048)
	r.name = p.name("RoleSessionName", true)
	lowest := int((least + time.Second - 1) / time.Second)
	r.duration = time.Duration(p.number("DurationSeconds", lowest, int(maxSession/time.Second))) * time.Second
	r.minToken = p.number("MinimumSessionTokenSize", 0, maxToken)
	r.policy = p.text("Policy", false, 1, 2048)
	list := p.form.list("PolicyArns")
	if len(list) > 10 {
		p.fail("PolicyArns", "'[...]'", "have length less than or equal to 10")
	}
	for _, member := range list {
		sub := params{form: member}
		r.policyARNs = append(r.policyARNs, sub.text("arn", true, 20, 2048))
		p.failed = append(p.failed, sub.failed...)
	}
	return r
}

// check looks at what is more than a constraint of the model: that the role is one, and the session policies are.
func (r *sessionRequest) check() *apiError {
	var err error
	if r.role, err = parseRoleARN(r.roleARN); err != nil {
		return invalid("Request ARN is invalid").because("%v", err)
	}
	return checkSessionPolicies(r.policy, r.policyARNs)
}

// checkSessionPolicies looks at what IAM looks at when a session policy is given: that it is a policy at all. What it allows is
// of no account here, because the double has no resources.
func checkSessionPolicies(policy string, arns []string) *apiError {
	for _, arn := range arns {
		parts := strings.SplitN(arn, ":", 6)
		if len(parts) != 6 || parts[0] != "arn" || parts[2] != "iam" || !strings.HasPrefix(parts[5], "policy/") {
			return invalid("ARN %s is not valid.", quoted(arn))
		}
	}
	if policy == "" {
		return nil
	}
	var document struct {
		Statement json.RawMessage
	}
	for _, r := range policy {
		if r != '\t' && r != '\n' && r != '\r' && (r < ' ' || r > 0xff) {
			return refuse("MalformedPolicyDocument", "").because("session policy: character %U is outside the set that IAM takes", r)
		}
	}
	if err := json.Unmarshal([]byte(policy), &document); err != nil {
		return refuse("MalformedPolicyDocument", "This policy contains invalid Json").because("session policy: not a JSON object")
	}
	if len(document.Statement) == 0 {
		return refuse("MalformedPolicyDocument", "").because("session policy: no Statement")
	}
	return nil
}

// A roleARN is the parts of arn:<partition>:iam::<account>:role/<path><name>.
type roleARN struct {
	partition, account, name string
}

func parseRoleARN(arn string) (roleARN, error) {
	parts := strings.Split(arn, ":")
	if len(parts) != 6 || parts[0] != "arn" || !strings.HasPrefix(parts[1], "aws") || !isName(parts[1]) || parts[2] != "iam" || parts[3] != "" {
		return roleARN{}, errors.New("not of the form arn:aws:iam::<account>:role/<name>")
	}
	if !isAccount(parts[4]) {
		return roleARN{}, errors.New("the account is not 12 digits")
	}
	path, ok := strings.CutPrefix(parts[5], "role/")
	name := path[strings.LastIndexByte(path, '/')+1:]
	// A path is of printable ASCII; the name after it of a smaller set.
	if !ok || name == "" || len(name) > 64 || !isName(name) || strings.ContainsFunc(path, func(r rune) bool { return r <= ' ' || r > '~' }) {
		return roleARN{}, errors.New("not the ARN of a role")
	}
	return roleARN{partition: parts[1], account: parts[4], name: name}, nil
}
