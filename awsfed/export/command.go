package export

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"strings"
	"unicode/utf8"

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/onafed/onafed/internal/quote"
)

// WriteProcess writes credential_process = command to a profile of the config file. Every SDK then
// runs the command whenever it needs credentials. Make the command with [CommandLine].
//
// SDKs prefer other credential settings of the same profile to credential_process: static keys,
// role_arn, web identity, SSO, a login session. The error for such a setting names its line; with
// FileOptions.Overwrite it is removed. Temporary keys are removed in any case. A credential_process
// of another program (compared by the name of the file) is refused in the same way. SDKs also
// prefer keys in the credentials file: see [File.RemoveCredentials].
func (f *File) WriteProcess(ctx context.Context, profile, command string) error {
	c, err := f.process(profile, command)
	if err != nil {
		return err
	}
	return commit(ctx, fileEdit{file: f, changes: []change{c}})
}

// process returns the change of [File.WriteProcess].
func (f *File) process(profile, command string) (change, error) {
	if f.format != configFormat {
		return change{}, &FileError{Path: f.path, Reason: "credential_process is a setting of the config file", Next: "use NewConfigFile"}
	}
	if command == "" {
		return change{}, &FileError{Path: f.path, Reason: "the command is empty", Next: "make it with CommandLine"}
	}
	if reason := checkValue(command); reason != "" {
		return change{}, &FileError{Path: f.path, Reason: "the command " + reason, Next: "make it with CommandLine"}
	}
	return f.change(profile, func(s *section) ([]pair, *FileError) {
		if e := s.entry(keyProcess); e != nil && !f.opts.Overwrite && e.value != "" && programOf(e.value) != programOf(command) {
			return nil, refuse(e.line, "profile "+quoted(profile)+" has a credential_process of another program", "choose another profile, or allow overwriting")
		}
		if err := f.keepLongTerm(s); err != nil {
			return nil, err
		}
		return f.removePreferred(append(staticKeys(aws.Credentials{}), pair{keyProcess, command}), s, isOtherSource, "credential_process")
	})
}

// CommandLine returns the value of credential_process for a program and its arguments. All readers
// run the same command from it: sh -c (the Go SDK), shlex (botocore on Unix), cmd.exe /C with the
// rules of the C runtime (Windows), and the Go SDK's file reader, which removes quotes and comments
// from values.
//
// The program must be an absolute path, because SDKs run the command in any folder. Other users can
// read the arguments in the process list, so they must not contain a secret.
//
// On Windows a word with a blank, a quote or a special character of cmd.exe is refused. The Go SDK
// quotes the whole command once more, which breaks every quoting in it. Install the program in a
// folder without blanks, or give the short name of the folder (C:\Users\FIRSTL~1), which dir /x
// shows.
//
// An error is an [*OptionError] for "program" or "args".
func CommandLine(program string, args ...string) (string, error) {
	return commandLine(runtime.GOOS, program, args)
}

// commandLine is CommandLine for an operating system, so that tests cover all of them.
func commandLine(goos, program string, args []string) (string, error) {
	word, absolute := posixWord, strings.HasPrefix(program, "/")
	if goos == "windows" {
		word = windowsWord
		absolute = len(program) > 3 && program[1] == ':' && (program[2] == '\\' || program[2] == '/') || strings.HasPrefix(program, `\\`)
	}
	option, fail := "program", func(option, reason string) error { return &OptionError{"CommandLine", option, errors.New(reason)} }
	if !absolute {
		return "", fail(option, quote.Path(program)+" is not an absolute path, but SDKs run the command in any folder")
	}
	var b strings.Builder
	for i, arg := range append([]string{program}, args...) {
		w, reason := "", "is not UTF-8, which SDKs do not read from a file"
		if utf8.ValidString(arg) {
			w, reason = word(arg)
		}
		if i > 0 {
			option = "args"
			b.WriteByte(' ')
		}
		if reason != "" {
			return "", fail(option, fmt.Sprintf("word %d of the command %s", i+1, reason))
		}
		b.WriteString(w)
	}
	command := b.String()
	if reason := checkValue(command); reason != "" {
		return "", fail(option, "the command "+reason)
	}
	return command, nil
}

// posixWord puts a backslash before each character that a shell may treat specially. Quotes would
// be easier to read, but the Go SDK's file reader removes them from a command that begins and ends
// with them.
func posixWord(s string) (word, reason string) {
	if s == "" {
		return "''", ""
	}
	var b strings.Builder
	for _, c := range s {
		switch {
		case c < ' ' || c == 0x7f:
			return "", "contains a control character, which SDKs do not read from a file"
		case c >= 0x80, isAlphanumeric(c), strings.ContainsRune("_-./:=,@+%", c):
		default:
			b.WriteByte('\\')
		}
		b.WriteRune(c)
	}
	return b.String(), ""
}

// windowsWord refuses what it cannot leave unquoted; see [CommandLine].
func windowsWord(s string) (word, reason string) {
	if s == "" {
		return "", "is empty, which cannot be quoted for all readers on Windows"
	}
	if i := strings.IndexFunc(s, func(c rune) bool {
		return c <= ' ' || c == 0x7f || strings.ContainsRune("\"'&|<>()^%!;`*?", c)
	}); i >= 0 {
		return "", fmt.Sprintf("has a blank or a special character of cmd.exe at offset %d, which cannot be quoted for all readers: use a path without it, such as the short name that dir /x shows", i)
	}
	return s, ""
}

// programOf returns the name of the file that a credential_process runs. The folder is left out,
// because it changes when a program is installed elsewhere. A backslash before a letter or a digit
// is a path separator of Windows. Before any other character, it quotes that character.
func programOf(command string) string {
	var name strings.Builder
	quote := byte(0)
word:
	for i := 0; i < len(command); i++ {
		c := command[i]
		escapes := c == '\\' && quote != '\'' && i+1 < len(command) && !isAlphanumeric(rune(command[i+1]))
		switch {
		case escapes:
			i++
			name.WriteByte(command[i])
		case c == quote:
			quote = 0
		case quote == 0 && (c == '"' || c == '\''):
			quote = c
		case quote == 0 && isBlank(c):
			break word
		case c == '/' || c == '\\':
			name.Reset()
		default:
			name.WriteByte(c)
		}
	}
	return strings.TrimSuffix(strings.ToLower(name.String()), ".exe")
}

func isAlphanumeric(c rune) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9'
}
