"""The console: pages for people, served beside the API and made of nothing but its answers (docs/console.md).

`pages` names the pages; each has a module here, a template in `templates/` and its words beside its code. `person` is
who is signed in and asks the API within the process; `signing_in`, `local_issuer` and `sessions` are how they got
there; `routing` turns problems into pages and guards forms; `rendering`, `words`, `names` and `files` make the pages;
`command_forms` are the commands as forms; `news` tells open pages that something new is there.
"""
