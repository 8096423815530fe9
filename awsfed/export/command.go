package export

import (
	"fmt"
	"runtime"
	"strings"
	"unicode/utf8"
)

// CommandLine makes the value of credential_process from a program and its
// arguments, so that all readers run the same: sh -c (the Go SDK), shlex
// (botocore on Unix), cmd.exe /C and the C runtime's rules (Windows), and the
// Go SDK's file reader, which takes quotes and comments off values.
//
// The program must be an absolute path: SDKs run the command in any folder.
// Arguments are for everyone to read in the process list, so they must hold no
// secret.
//
// On Windows nothing with a blank, a quote or a character of cmd.exe's passes:
// no way of quoting it survives the Go SDK, which quotes the whole command
// once more. Install the program in a folder without blanks.
func CommandLine(program string, args ...string) (string, error) {
	return commandLine(runtime.GOOS, program, args)
}

func commandLine(goos, program string, args []string) (string, error) {
	word, absolute := posixWord, strings.HasPrefix(program, "/")
	if goos == "windows" {
		word = windowsWord
		absolute = len(program) > 3 && program[1] == ':' && (program[2] == '\\' || program[2] == '/') || strings.HasPrefix(program, `\\`)
	}
	if !absolute {
		return "", fmt.Errorf("export: program %s is not an absolute path: SDKs run it in any folder", quoted(program))
	}
	var b strings.Builder
	for i, arg := range append([]string{program}, args...) {
		w, reason := "", "is not UTF-8, which no reader takes from a file"
		if utf8.ValidString(arg) {
			w, reason = word(arg)
		}
		if reason != "" {
			return "", fmt.Errorf("export: word %d of the command %s", i+1, reason)
		}
		if i > 0 {
			b.WriteByte(' ')
		}
		b.WriteString(w)
	}
	command := b.String()
	if reason := checkValue(command); reason != "" {
		return "", fmt.Errorf("export: the command %s", reason)
	}
	return command, nil
}

// posixWord puts a backslash before everything a shell may treat specially.
// Quotes would be shorter to read, but a command that begins and ends with
// them loses them in the Go SDK's file reader.
func posixWord(s string) (word, reason string) {
	if s == "" {
		return "''", ""
	}
	var b strings.Builder
	for _, c := range s {
		switch {
		case c < ' ' || c == 0x7f:
			return "", "has a control character, which no reader takes from a file"
		case c >= 0x80,
			'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9',
			strings.ContainsRune("_-./:=,@+%", c):
		default:
			b.WriteByte('\\')
		}
		b.WriteRune(c)
	}
	return b.String(), ""
}

func windowsWord(s string) (word, reason string) {
	if s == "" {
		return "", "is empty, which cannot be quoted for all readers on Windows"
	}
	if i := strings.IndexFunc(s, func(c rune) bool {
		return c <= ' ' || c == 0x7f || strings.ContainsRune("\"'&|<>()^%!;`~*?", c)
	}); i >= 0 {
		return "", fmt.Sprintf("has a blank or a character special to cmd.exe at offset %d, which cannot be quoted for all readers: use a path without it", i)
	}
	return s, ""
}

// programOf is the name of the file that a credential_process runs, without the
// folder, which changes when a program is installed elsewhere. A backslash
// before a letter or a digit is Windows' separator, before anything else it
// quotes that.
func programOf(command string) string {
	var name strings.Builder
	quote := byte(0)
word:
	for i := 0; i < len(command); i++ {
		c := command[i]
		escapes := c == '\\' && quote != '\'' && i+1 < len(command) && !isAlphanumeric(command[i+1])
		switch {
		case escapes:
			i++
			name.WriteByte(command[i])
		case c == quote:
			quote = 0
		case quote == 0 && (c == '"' || c == '\''):
			quote = c
		case quote == 0 && (c == ' ' || c == '\t'):
			break word
		case c == '/' || c == '\\':
			name.Reset()
		default:
			name.WriteByte(c)
		}
	}
	return strings.TrimSuffix(strings.ToLower(name.String()), ".exe")
}

func isAlphanumeric(c byte) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9'
}
