package role

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/onafed/onafed/awsfed"
	"github.com/onafed/onafed/internal/quote"
)

// NextRole is one role of a chain: the role before it assumes it.
type NextRole struct {
	awsfed.NextRole
	// PolicyFile is the file of the session policy. [Flags.Policy] reads it.
	PolicyFile string
}

// Chain returns the roles as the library takes them.
func Chain(roles []NextRole) []awsfed.NextRole {
	var chain []awsfed.NextRole
	for _, r := range roles {
		chain = append(chain, r.NextRole)
	}
	return chain
}

// UnmarshalText reads the value of --next-role: ARN[,NAME=VALUE]..., where a comma in a value is
// doubled. The library checks the values.
func (r *NextRole) UnmarshalText(text []byte) error {
	members := splitMembers(string(text))
	next := NextRole{NextRole: awsfed.NextRole{RoleARN: members[0]}}
	if next.RoleARN == "" {
		return errors.New("the ARN of the role is empty")
	}
	for _, member := range members[1:] {
		name, value, ok := strings.Cut(member, "=")
		if !ok {
			return fmt.Errorf("%s is not NAME=VALUE: write a comma in a value twice", quote.Text(member, 40))
		}
		if err := next.set(name, value); err != nil {
			return err
		}
	}
	*r = next
	return nil
}

// splitMembers splits a text at each comma that is not doubled.
func splitMembers(text string) []string {
	var members []string
	var member strings.Builder
	for i := 0; i < len(text); i++ {
		switch {
		case text[i] != ',':
			member.WriteByte(text[i])
		case strings.HasPrefix(text[i:], ",,"):
			member.WriteByte(',')
			i++
		default:
			members = append(members, member.String())
			member.Reset()
		}
	}
	return append(members, member.String())
}

// set sets one member.
func (r *NextRole) set(name, value string) error {
	texts := map[string]*string{
		"external-id":     &r.ExternalID,
		"session-name":    &r.SessionName,
		"source-identity": &r.SourceIdentity,
		"policy-file":     &r.PolicyFile,
	}
	text, isText := texts[name]
	switch {
	case value == "":
		return fmt.Errorf("%s is empty", quote.Text(name, 40))
	case isText && *text != "":
		return fmt.Errorf("%s is given twice", name)
	case isText:
		*text = value
		return nil
	}
	switch name {
	case "duration-seconds":
		return r.setDuration(value)
	case "policy-arn":
		r.PolicyARNs = append(r.PolicyARNs, value)
		return nil
	case "tag", "transitive-tag":
		key, value, _ := strings.Cut(value, "=")
		if key == "" {
			return fmt.Errorf("%s: want %s=KEY=VALUE", name, name)
		}
		return r.SetTag(key, value, name == "transitive-tag")
	}
	return fmt.Errorf("%s is not one of %s", quote.Text(name, 40), nextRoleNames)
}

const nextRoleNames = "external-id, session-name, duration-seconds, source-identity, tag, transitive-tag, policy-file, policy-arn"

func (r *NextRole) setDuration(value string) error {
	n, err := strconv.Atoi(value)
	switch {
	case r.Duration != 0:
		return errors.New("duration-seconds is given twice")
	case err != nil || n < 1 || n > MaxChainSeconds:
		return fmt.Errorf("duration-seconds=%s: want a number from 1 to %d", quote.Text(value, 20), MaxChainSeconds)
	}
	r.Duration = time.Duration(n) * time.Second
	return nil
}

// SetTag sets a session tag, which the roles after this one inherit if it is transitive.
func (r *NextRole) SetTag(key, value string, transitive bool) error {
	if _, found := r.Tags[key]; found {
		return fmt.Errorf("the tag %s is given twice", quote.Text(key, 40))
	}
	if r.Tags == nil {
		r.Tags = make(map[string]string)
	}
	r.Tags[key] = value
	if transitive {
		r.TransitiveTagKeys = append(r.TransitiveTagKeys, key)
	}
	return nil
}

// Argument returns the value of --next-role that [NextRole.UnmarshalText] reads as this role.
func (r *NextRole) Argument() (string, error) {
	var b strings.Builder
	b.WriteString(double(r.RoleARN))
	add := func(name, value string) {
		if value != "" {
			b.WriteString("," + name + "=" + double(value))
		}
	}
	add("external-id", r.ExternalID)
	add("session-name", r.SessionName)
	if r.Duration != 0 {
		add("duration-seconds", strconv.Itoa(int(r.Duration/time.Second)))
	}
	add("source-identity", r.SourceIdentity)
	for _, key := range slices.Sorted(maps.Keys(r.Tags)) {
		if strings.Contains(key, "=") {
			return "", fmt.Errorf("--next-role: the tag key %s has a \"=\", and cannot be an argument: use another key", quote.Text(key, 40))
		}
		name := "tag"
		if slices.Contains(r.TransitiveTagKeys, key) {
			name = "transitive-tag"
		}
		add(name, key+"="+r.Tags[key])
	}
	add("policy-file", r.PolicyFile)
	for _, arn := range r.PolicyARNs {
		add("policy-arn", arn)
	}
	return b.String(), nil
}

// double doubles the commas of a value.
func double(s string) string { return strings.ReplaceAll(s, ",", ",,") }
