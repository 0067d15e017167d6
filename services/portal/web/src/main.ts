import "./theme/tokens.css";
import "./theme/base.css";
import { mount } from "svelte";
import { session } from "./api/clients";
import App from "./App.svelte";

mount(App, { target: document.getElementById("app")! });
void session.endLeftover();
