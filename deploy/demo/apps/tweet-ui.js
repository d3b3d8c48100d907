'use strict';

// tweet-ui: `/tweet.html` shows a tweet as a card, and below it who made the page and who found the tweet.

const { readFileSync } = require('node:fs');
const { join } = require('node:path');
const { serve, replica } = require('./service');
const { fetchTweet } = require('./api-client');

const style = readFileSync(join(__dirname, 'tweet-ui.css'), 'utf8');

const entities = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' };

/** A piece of HTML that may stand in a template as it is. */
class Markup {
  constructor(text) { this.text = text; }
}

/** Template tag: what is put in is escaped, unless it is markup already. */
function html(strings, ...values) {
  const pieces = strings.map((string, index) => (index === 0 ? string : markupOf(values[index - 1]) + string));
  return new Markup(pieces.join(''));
}

function markupOf(value) {
  return value instanceof Markup ? value.text : String(value).replace(/[&<>"']/g, (character) => entities[character]);
}

/** The tweet's text with its hashtags and mentions set off. */
function richText(tweet) {
  const marked = [...tweet.entities.hashtags, ...tweet.entities.user_mentions]
    .sort((one, other) => one.indices[0] - other.indices[0]);
  let markup = html``;
  let end = 0;
  for (const { indices: [from, to] } of marked) {
    markup = html`${markup}${tweet.text.slice(end, from)}<span class="entity">${tweet.text.slice(from, to)}</span>`;
    end = to;
  }
  return html`${markup}${tweet.text.slice(end)}`;
}

/** A hue of its own for each name, so that another replica shows at a glance. */
function hue(name) {
  let hash = 7;
  for (const character of name) hash = (hash * 31 + character.codePointAt(0)) % 360;
  return hash;
}

function initials(name) {
  return name.split(' ').map((word) => word[0]).join('');
}

function replicaBadge(role, name) {
  return html`<span class="replica" style="--hue: ${hue(name)}"><b>${role}</b> ${name}</span>`;
}

const verified = html`<span class="verified" title="Verified">✓</span>`;

function card(tweet) {
  const { user } = tweet;
  return html`
  <article class="card">
    <header>
      <div class="avatar" style="--hue: ${hue(user.screen_name)}">${initials(user.name)}</div>
      <div>
        <div class="name">${user.name} ${user.verified ? verified : ''}</div>
        <div class="quiet">@${user.screen_name}</div>
      </div>
    </header>
    <p class="text">${richText(tweet)}</p>
    <time class="quiet">${tweet.created_at.replace(' +0000', ' UTC')}</time>
    <footer>
      <span><b>${tweet.retweet_count}</b> Retweets</span>
      <span><b>${tweet.favorite_count}</b> Likes</span>
      <a href="/tweet.html">Another tweet</a>
    </footer>
  </article>
  <p class="replicas">${replicaBadge('tweet-ui', replica)} ${replicaBadge('tweet-api', tweet.served_by)}</p>`;
}

function apology(message) {
  return html`
  <article class="card">
    <p class="text">No tweet right now</p>
    <p class="quiet">${message}</p>
    <footer><a href="/tweet.html">Try again</a></footer>
  </article>
  <p class="replicas">${replicaBadge('tweet-ui', replica)}</p>`;
}

function page(title, content) {
  return html`<!DOCTYPE html>
<html lang="en">
<head>
  <meta charset="utf-8">
  <meta name="viewport" content="width=device-width, initial-scale=1">
  <title>${title}</title>
  <style>
${new Markup(style)}  </style>
</head>
<body>
<main>${content}
</main>
</body>
</html>
`.text;
}

const common = {
  type: 'text/html; charset=utf-8',
  headers: { 'Content-Security-Policy': "default-src 'none'; style-src 'unsafe-inline'" },
};

serve('tweet-ui', {
  '/tweet.html': async (request) => {
    try {
      const tweet = await fetchTweet(request);
      return {
        ...common,
        headers: { ...common.headers, 'X-Api-Replica': tweet.served_by },
        body: page(`${tweet.user.name} on the tweet stack`, card(tweet)),
      };
    } catch (error) {
      return { ...common, status: 502, body: page('No tweet right now', apology(error.message)) };
    }
  },
});
