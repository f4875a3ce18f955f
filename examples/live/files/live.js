"use strict";
const show = (id, text) => { document.getElementById(id).textContent = text; };

const events = new EventSource("/events");
events.onmessage = (event) => {
    const now = JSON.parse(event.data);
    show("now", `${now.connections} connections, up for ${now.seconds} s`);
};

const socket = new WebSocket(`ws://${location.host}/echo`);
socket.onopen = () => socket.send("ahoy, ✓");
socket.onmessage = (event) => show("echo", event.data);
socket.onclose = (event) => show("echo", `closed with ${event.code}`);
document.getElementById("say").onsubmit = (event) => {
    event.preventDefault();
    socket.send(document.getElementById("text").value);
};
