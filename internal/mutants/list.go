package main

import (
	"fmt"
	"slices"
	"strings"
)

// entry is a survivor in the list, with the reason why no test has to kill it.
type entry struct {
	change
	reason string
}

// The words that a reason begins with.
const (
	equivalent = "Equivalent:" // no caller can tell the mutant from the original
	speed      = "Speed:"      // only time or memory changes
	accepted   = "Accepted:"   // the mutant changes behavior, and the reason says why it has no test
)

// changesBehavior reports whether the mutant counts as one that a test should kill.
func (e entry) changesBehavior() bool { return strings.HasPrefix(e.reason, accepted) }

// parseList returns the survivors of each package. A heading of level 3 names the package. Below it,
// a block of kind diff holds file names and pairs of lines, and the paragraph after it is the reason
// for all of them.
func parseList(text string) (map[string][]entry, error) {
	list := map[string][]entry{}
	for _, section := range strings.Split("\n"+text, "\n### ")[1:] {
		heading, body, _ := strings.Cut(section, "\n")
		for _, part := range strings.Split(body, "```diff\n")[1:] {
			block, after, _ := strings.Cut(part, "```")
			paragraph, _, _ := strings.Cut(strings.TrimSpace(after), "\n\n")
			changes, err := parseBlock(block)
			if err != nil {
				return nil, fmt.Errorf("%s: %w", heading, err)
			}
			reason := strings.ReplaceAll(paragraph, "\n", " ")
			word, _, _ := strings.Cut(reason, " ")
			if word != equivalent && word != speed && word != accepted {
				return nil, fmt.Errorf("%s: the reason of %q begins with %q; use %s, %s or %s",
					heading, changes[0].after, word, equivalent, speed, accepted)
			}
			for _, c := range changes {
				list[heading] = append(list[heading], entry{c, reason})
			}
		}
	}
	return list, nil
}

// parseBlock parses the lines of a block: a file name, a line with - and a line with +. The file
// name is not repeated while it is the same.
func parseBlock(block string) ([]change, error) {
	var changes []change
	var c change
	for _, line := range strings.Split(strings.TrimSpace(block), "\n") {
		text := strings.TrimSpace(strings.TrimLeft(line, "+-"))
		switch {
		case strings.HasPrefix(line, "-\t"):
			c.before = text
		case strings.HasPrefix(line, "+\t"):
			c.after = text
			if c.file == "" || c.before == "" {
				return nil, fmt.Errorf("%q has no file name or no line with - before it", line)
			}
			changes = append(changes, c)
			c.before = ""
		default:
			c = change{file: text}
		}
	}
	if len(changes) == 0 || c.before != "" {
		return nil, fmt.Errorf("the block of %q is not complete", c.file)
	}
	return changes, nil
}

// compare returns the survivors that the list does not have, the number of those that it has and
// that behave like the original, and the entries that did not survive. A change that is listed once
// covers one survivor.
func compare(survivors []change, listed []entry) (unlisted []change, same int, stale []entry) {
	rest := slices.Clone(listed)
	for _, s := range survivors {
		i := slices.IndexFunc(rest, func(e entry) bool { return e.change == s })
		if i < 0 {
			unlisted = append(unlisted, s)
			continue
		}
		if !rest[i].changesBehavior() {
			same++
		}
		rest = slices.Delete(rest, i, i+1)
	}
	return unlisted, same, rest
}
