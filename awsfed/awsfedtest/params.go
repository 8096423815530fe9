package awsfedtest

import (
	"encoding/json"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/onafed/onafed/internal/arn"
	"github.com/onafed/onafed/internal/quote"
	"github.com/onafed/onafed/internal/sessiontag"
)

// maxPolicies is the largest number of characters of all session policies of a call together: the
// inline policy and the ARNs of the managed ones.
const maxPolicies = 2048

// params reads the parameters of a call and checks the constraints of the API model. As in AWS, one
// ValidationError names all constraints that fail.
type params struct {
	form   form
	failed []string
}

func (p *params) fail(name, value, constraint string) {
	// In the message, the name starts with a lower case letter.
	member := strings.ToLower(name[:1]) + name[1:]
	p.failed = append(p.failed, fmt.Sprintf("Value %s at '%s' failed to satisfy constraint: Member must %s", value, member, constraint))
}

// err returns the error for all constraints that fail, or nil.
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

// quoted returns a value of a client in single quotes, as AWS does, without control characters and
// cut.
func quoted(value string) string { return "'" + quote.Clean(value, 100) + "'" }

// text returns a parameter of least to most characters. If it is required, it must be present.
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

// name returns a session name or a source identity: 2 to 64 of the characters [\w+=,.@-].
func (p *params) name(name string, required bool) string {
	value := p.text(name, required, 2, 64)
	if value != "" && !arn.IsName(value) {
		p.fail(name, quoted(value), `satisfy regular expression pattern: [\w+=,.@-]*`)
	}
	return value
}

// pattern returns an optional parameter of least to most characters that match a pattern as a whole.
func (p *params) pattern(name string, least, most int, pattern string) string {
	value := p.text(name, false, least, most)
	if value != "" && !regexp.MustCompile(`^(?:`+pattern+`)$`).MatchString(value) {
		p.fail(name, quoted(value), "satisfy regular expression pattern: "+pattern)
	}
	return value
}

// list returns the members of a list of at most that many.
func (p *params) list(name string, most int) []form {
	list := p.form.list(name)
	if len(list) > most {
		p.fail(name, "'[...]'", "have length less than or equal to "+strconv.Itoa(most))
	}
	return list
}

// tags returns the session tags and the keys of those that are transitive.
func (p *params) tags() (tags map[string]string, transitive []string) {
	list, keys := p.list("Tags", sessiontag.Max), p.list("TransitiveTagKeys", sessiontag.Max)
	tags = make(map[string]string, len(list))
	for _, member := range list {
		one := params{form: member}
		key := one.text("Key", true, 1, sessiontag.MaxKey)
		if _, exists := tags[key]; exists {
			one.fail("Tags", "'[...]'", "have keys that differ in more than letter case")
		}
		tags[key] = one.text("Value", true, 0, sessiontag.MaxValue)
		p.failed = append(p.failed, one.failed...)
	}
	for _, member := range keys {
		transitive = append(transitive, member[""])
	}
	return tags, transitive
}

// number returns an integer from least to most, or 0 if the parameter is absent.
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

// A sessionRequest holds the common parameters of the operations that assume a role.
type sessionRequest struct {
	roleARN    string
	role       arn.ARN // roleARN, parsed by check
	name       string
	duration   time.Duration // 0: the default
	minToken   int
	policy     string
	policyARNs []string
}

// session returns the parameters of a session. least is the shortest duration.
func (p *params) session(least time.Duration) sessionRequest {
	var r sessionRequest
	r.roleARN = p.text("RoleArn", true, 20, 2048)
	r.name = p.name("RoleSessionName", true)
	lowest := int((least + time.Second - 1) / time.Second)
	r.duration = time.Duration(p.number("DurationSeconds", lowest, int(maxSession/time.Second))) * time.Second
	r.minToken = p.number("MinimumSessionTokenSize", 0, maxToken)
	r.policy = p.text("Policy", false, 1, maxPolicies)
	for _, member := range p.list("PolicyArns", 10) {
		sub := params{form: member}
		r.policyARNs = append(r.policyARNs, sub.text("arn", true, 20, 2048))
		p.failed = append(p.failed, sub.failed...)
	}
	return r
}

// check checks the role ARN and the session policies, for which the API model has no constraints.
func (r *sessionRequest) check() *apiError {
	var err error
	if r.role, err = parseRoleARN(r.roleARN); err != nil {
		return invalid("Request ARN is invalid").because("%v", err)
	}
	return checkSessionPolicies(r.policy, r.policyARNs, r.role)
}

// checkSessionPolicies checks the form of session policies, as IAM does: managed policies are those
// of the role's account or of AWS. The effect of policies does not matter here, because there are no
// permission policies.
func checkSessionPolicies(policy string, arns []string, role arn.ARN) *apiError {
	size := utf8.RuneCountInString(policy)
	for _, s := range arns {
		a, ok := arn.Parse(s)
		switch {
		case !ok || a.Service != "iam" || a.Partition != role.Partition || !strings.HasPrefix(a.Resource, "policy/"):
			return invalid("ARN %s is not valid.", quoted(s))
		case a.Account != role.Account && a.Account != "aws":
			return invalid("ARN %s is not valid.", quoted(s)).because("the policy is not in the account of the role")
		}
		size += len(s)
	}
	if size > maxPolicies {
		return refuse("PackedPolicyTooLarge", "").because("the session policies have %d characters together, more than %d", size, maxPolicies)
	}
	if policy == "" {
		return nil
	}
	var document struct {
		Statement json.RawMessage
	}
	for _, r := range policy {
		if r != '\t' && r != '\n' && r != '\r' && (r < ' ' || r > 0xff) {
			return refuse("MalformedPolicyDocument", "").because("session policy: IAM does not accept the character %U", r)
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
