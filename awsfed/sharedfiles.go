package awsfed

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// maxSharedFile is the size up to which a shared file is copied.
const maxSharedFile = 16 << 20

// copySharedFiles copies the files that have settings for credentials to a temporary folder, without
// these settings. It returns lists that name the copies in place of the files, and the folder; empty
// without copies. A file that cannot be read is not copied: its own path is in the result, so that
// the SDK handles it as it does without copies.
func copySharedFiles(lists ...[]string) (copies [][]string, folder string, err error) {
	for _, files := range lists {
		copied := append([]string{}, files...) // not nil, which means the default files
		copies = append(copies, copied)
		for i, path := range files {
			text, found := withoutCredentials(readSharedFile(path))
			if !found {
				continue
			}
			if folder == "" {
				folder, err = os.MkdirTemp("", "onafed-") // has mode 0700
			}
			copied[i] = filepath.Join(folder, strconv.Itoa(len(copies))+"-"+strconv.Itoa(i))
			if err == nil {
				err = os.WriteFile(copied[i], []byte(text), 0o600)
			}
			if err != nil {
				return nil, folder, fmt.Errorf("cannot make copies of the files without settings for credentials: %w", err)
			}
		}
	}
	return copies, folder, nil
}

// readSharedFile returns the text of a regular file; empty for others and after an error.
func readSharedFile(path string) string {
	info, err := os.Stat(path)
	if err != nil || !info.Mode().IsRegular() || info.Size() > maxSharedFile {
		return ""
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return ""
	}
	return string(text)
}

// withoutCredentials returns the text of a shared file without comments and with another key and
// value in place of each setting for credentials, and reports whether there was one. The line is
// replaced and not removed, because the setting above an indented line determines how the SDK reads
// that line: as nested in the setting if it has no value, and otherwise as a setting or a part of
// the value.
func withoutCredentials(text string) (string, bool) {
	var b strings.Builder
	found, replaced := false, false
	for line := range strings.Lines(text) {
		body := strings.Trim(line, " \t\r\n")
		if body == "" || body[0] == '#' || body[0] == ';' {
			continue
		}
		indent := line[:len(line)-len(strings.TrimLeft(line, " \t"))]
		at := strings.IndexAny(body, "=:") // the SDK accepts both
		switch {
		case body[0] == '[':
			replaced = false
		case at >= 0 && isCredentialSetting(strings.ToLower(strings.TrimSpace(body[:at]))):
			found, replaced = true, true
			b.WriteString(indent + "ignored =")
			if !isEmptyValue(body[at+1:]) {
				b.WriteString(" ignored")
			}
			b.WriteByte('\n')
			continue
		case at < 0 && indent != "" && replaced:
			continue // a part of the replaced value
		case at >= 0:
			replaced = false
		}
		b.WriteString(line)
	}
	return b.String(), found
}

// isEmptyValue reports whether the SDK reads an empty value.
func isEmptyValue(s string) bool {
	s = strings.TrimSpace(s)
	return s == "" || s[0] == '#' || s[0] == ';' || s == `""` || s == "''"
}

// isCredentialSetting reports whether a setting of a profile is about credentials (AWS SDKs and
// Tools Reference Guide, "Settings reference"). All those that begin with aws_ are.
func isCredentialSetting(key string) bool {
	switch key {
	case "credential_process", "credential_source", "duration_seconds", "external_id", "login_session", "mfa_serial",
		"role_arn", "role_session_name", "source_profile", "web_identity_token_file":
		return true
	}
	return strings.HasPrefix(key, "aws_") || strings.HasPrefix(key, "sso_")
}
