package setup

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/aws/aws-sdk-go-v2/aws/arn"

	"github.com/onafed/onafed/cmd/onafed/internal/policyfile"
	"github.com/onafed/onafed/internal/quote"
)

// The limits of IAM (IAM API Reference: CreateOpenIDConnectProvider, CreateRole, Tag,
// AttachRolePolicy).
const (
	maxURL         = 255
	maxAudience    = 255
	maxThumbprints = 5
	maxPath        = 512
	minSession     = 3600
	maxSession     = 43200
	maxTags        = 50
	maxTagKey      = 128
	maxTagValue    = 256
	maxPolicyARN   = 2048
)

// checkURL returns an error for an issuer that is too long. Its characters were checked with the
// rule.
func checkURL(url string) error {
	if len(url) > maxURL {
		return fmt.Errorf("the issuer %s has %d characters: IAM accepts at most %d", quote.Name(url), len(url), maxURL)
	}
	return nil
}

// checkPath returns an error for a path that IAM refuses.
func checkPath(path string) error {
	switch {
	case path == "":
		return nil
	case len(path) > maxPath:
		return fmt.Errorf("the path %s has %d characters: IAM accepts at most %d", quote.Name(path), len(path), maxPath)
	case path == "//" || path[0] != '/' || path[len(path)-1] != '/':
		return fmt.Errorf("the path %s: a path begins and ends with /, as in /ci/", quote.Name(path))
	case strings.TrimFunc(path, func(r rune) bool { return 0x21 <= r && r <= 0x7e }) != "":
		return fmt.Errorf("the path %s: IAM accepts printable ASCII characters without spaces", quote.Name(path))
	}
	return nil
}

// checkPolicies returns an error for an ARN that is not that of a managed policy, or of one that a
// role of the account cannot have.
func checkPolicies(partition, account string, arns []string) error {
	for i, s := range arns {
		a, err := arn.Parse(s)
		name, isPolicy := strings.CutPrefix(a.Resource, "policy/")
		switch {
		case err != nil || a.Service != "iam" || a.Region != "" || !isPolicy || len(s) > maxPolicyARN ||
			!policyfile.IsName(strings.ReplaceAll(name, "/", "")) || strings.HasSuffix(name, "/"):
			return fmt.Errorf("%s is not the ARN of a managed policy, as arn:aws:iam::aws:policy/ReadOnlyAccess is", quote.Name(s))
		case a.Partition != partition:
			return fmt.Errorf("%s is in the partition %s, and the role is in %s", quote.Name(s), quote.Name(a.Partition), partition)
		case a.AccountID != account && a.AccountID != "aws":
			return fmt.Errorf("%s: a role can have only policies of AWS and of its own account %s", quote.Name(s), account)
		case slices.Contains(arns[:i], s):
			return fmt.Errorf("%s is repeated", quote.Name(s))
		}
	}
	return nil
}

// thumbprints returns thumbprints in lower case, as IAM returns them.
func thumbprints(given []string) ([]string, error) {
	if len(given) > maxThumbprints {
		return nil, fmt.Errorf("%d thumbprints: IAM accepts at most %d", len(given), maxThumbprints)
	}
	var all []string
	for _, s := range given {
		lower := strings.ToLower(s)
		if len(lower) != 40 || strings.Trim(lower, "0123456789abcdef") != "" {
			return nil, fmt.Errorf("%s is not a SHA-1 thumbprint, which has 40 hexadecimal digits and no colons", quote.Name(s))
		}
		if slices.Contains(all, lower) {
			return nil, fmt.Errorf("%s is repeated", quote.Name(s))
		}
		all = append(all, lower)
	}
	return all, nil
}

// tags returns the tags in arguments of the form KEY=VALUE.
func tags(given []string) ([]policyfile.Tag, error) {
	if len(given) > maxTags {
		return nil, fmt.Errorf("%d tags: IAM accepts at most %d", len(given), maxTags)
	}
	var all []policyfile.Tag
	for _, s := range given {
		key, value, ok := strings.Cut(s, "=")
		if !ok {
			return nil, fmt.Errorf("%s is not KEY=VALUE", quote.Name(s))
		}
		if err := checkTag(key, value); err != nil {
			return nil, fmt.Errorf("%s: %w", quote.Name(s), err)
		}
		// IAM does not distinguish keys that differ only in letter case.
		if slices.ContainsFunc(all, func(t policyfile.Tag) bool { return strings.EqualFold(t.Key, key) }) {
			return nil, fmt.Errorf("the key %s is repeated", quote.Name(key))
		}
		all = append(all, policyfile.Tag{Key: key, Value: value})
	}
	return all, nil
}

func checkTag(key, value string) error {
	switch {
	case key == "" || utf8.RuneCountInString(key) > maxTagKey:
		return fmt.Errorf("a key has 1 to %d characters", maxTagKey)
	case utf8.RuneCountInString(value) > maxTagValue:
		return fmt.Errorf("a value has at most %d characters", maxTagValue)
	case strings.HasPrefix(strings.ToLower(key), "aws:"):
		return errors.New("only AWS makes tags with the prefix aws: in the key")
	case !isTagText(key) || !isTagText(value):
		return errors.New("IAM accepts letters, digits, spaces and _.:/=+-@ in tags")
	}
	return nil
}

// isTagText reports whether s has only the characters [\p{L}\p{Z}\p{N}_.:/=+\-@].
func isTagText(s string) bool {
	return utf8.ValidString(s) && strings.TrimFunc(s, func(r rune) bool {
		return unicode.In(r, unicode.L, unicode.Z, unicode.N) || strings.ContainsRune("_.:/=+-@", r)
	}) == ""
}
